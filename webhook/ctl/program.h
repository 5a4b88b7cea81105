/* program.h - what the user calls this program: farguardctl, or as kubectl's plugin.
 *
 * Why      kubectl finds plugins and their completions by the names of the files: help has to
 *          show what the user can type.
 * Threads  Set once, by main().
 */
#ifndef FARGUARD_CTL_PROGRAM_H
#define FARGUARD_CTL_PROGRAM_H

#include <stdbool.h>

/* Take the name that the program was started by; NULL is farguardctl. */
void program_start(const char *argv0);

/* "farguardctl" or "kubectl farguard". */
const char *program_name(void);

/* Whether it was started as kubectl_complete-farguard. */
bool program_is_completion(void);

#endif
