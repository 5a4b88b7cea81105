/* complete.h - what may stand next on the command line.
 *
 * Why      bash, zsh and kubectl ask the program itself, so completion knows every verb and option
 *          that it has.  The answer is cobra's, as kubectl wants it of kubectl_complete-NAME.
 */
#ifndef FARGUARD_CTL_COMPLETE_H
#define FARGUARD_CTL_COMPLETE_H

#include <stdio.h>

/* The verb that the shells ask by; it is in no list. */
#define COMPLETE_VERB "__complete"

/* What cobra calls ShellCompDirective. */
enum complete_directive {
	COMPLETE_FILES = 0,      /* names of files, behind the words that were given */
	COMPLETE_NO_FILES = 4,   /* these words only */
	COMPLETE_EXTENSIONS = 8, /* names of files; the words are their extensions */
};

/* Print a word a line for the last of argv[0..argc), which stand behind the program's name, with a
 * tab and a description where there is one; then ":" and the directive. */
void complete_print(FILE *out, int argc, char **argv);

#endif
