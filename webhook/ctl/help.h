/* help.h - help for people, from the tables of verbs and options. */
#ifndef FARGUARD_CTL_HELP_H
#define FARGUARD_CTL_HELP_H

#include <stdio.h>

struct verb;

/* All verbs, a line each. */
void help_list(FILE *out);

/* Usage, what it does, and every option of one verb. */
void help_verb(FILE *out, const struct verb *verb);

#endif
