/* stack.h - what the kernel gave the process: arguments, environment, auxiliary vector.
 *
 * Why      glibc hands argc, argv and envp to a constructor, musl does not; both keep the stack
 *          as the kernel made it.  It is read from there, from the words below AT_RANDOM's bytes.
 */
#ifndef FARGUARD_PRELOAD_STACK_H
#define FARGUARD_PRELOAD_STACK_H

#include <stdbool.h>
#include <stddef.h>

struct stack {
	size_t argc;
	char **argv; /* argv[argc] is NULL */
	char **envp; /* ends with NULL */
};

/* Find them; false when the stack does not look as the kernel makes it. */
bool stack_find(struct stack *out);

/* An entry of the auxiliary vector, by getauxval(3) or /proc/self/auxv; 0 when there is none. */
unsigned long stack_auxv(unsigned long type);

#endif
