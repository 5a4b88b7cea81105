/* symbol.h - the function that a hook stands in front of.
 *
 * Why      dlsym(RTLD_NEXT) would do, but it lives in another library before glibc 2.34, takes the
 *          loader's lock and allocates on failure.  The loaded objects' own tables say the same.
 * Owns     Nothing; addresses are cached for the life of the process.
 * Threads  Any; two that look up the same name find the same address.
 */
#ifndef FARGUARD_PRELOAD_SYMBOL_H
#define FARGUARD_PRELOAD_SYMBOL_H

#include <stdatomic.h>

/* A hook's cache of the next definition; zeroed is "not looked up yet". */
struct symbol {
	const char *name;
	_Atomic(void *) found;
};

/* The next definition of the name behind this library in the loader's search order (default
 * version), or NULL. */
void *symbol_next(struct symbol *symbol);

#endif
