/* pid1.h - who is a container's first process: the launcher, or the program itself.
 *
 * Why      An init that finds itself not to be PID 1 refuses to start, or takes itself for the
 *          command that talks to one.
 */
#ifndef FARGUARD_LAUNCH_PID1_H
#define FARGUARD_LAUNCH_PID1_H

#include <stdbool.h>

enum pid1_choice { PID1_AUTO, PID1_FARGUARD, PID1_PROGRAM };

/* What a program needs of whoever starts it. */
enum pid1_need {
	PID1_NEEDS_NOTHING,
	PID1_NEEDS_ORPHANS, /* be a subreaper: it says so on stderr otherwise */
	PID1_NEEDS_FIRST,   /* be PID 1 */
};

/* "auto", "farguard" or "program".  Returns false, and sets PID1_AUTO, for any other word. */
bool pid1_parse(enum pid1_choice *out, const char *word);

/* What `file`, which a container's runtime would execute with `argv`, needs.  Looks at files. */
enum pid1_need pid1_need(const char *file, char *const *argv);

/* Whether the program is to be PID 1.  `has_children`: this process had some before, as one has
 * that executes another program in its place. */
bool pid1_is_program(enum pid1_choice choice, enum pid1_need need, bool has_children);

#endif
