/* advice.h - the contract's words in sentences: what they mean, and what a person can do. */
#ifndef FARGUARD_CTL_ADVICE_H
#define FARGUARD_CTL_ADVICE_H

/* What a way of being covered, or a reason why a container is not, means; NULL: no such word. */
const char *advice_meaning(const char *word);

/* The way out of a reason (a pod's or a container's) or of a warning; NULL: none is needed. */
const char *advice_way_out(const char *word);

#endif
