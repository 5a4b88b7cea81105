/* head.h - what every line begins with, inside this module. */
#ifndef FARGUARD_REPORT_HEAD_H
#define FARGUARD_REPORT_HEAD_H

#include "injector/base/jsonw.h"
#include "injector/report/report.h"

/* Begin a line of `kind`. */
void head_open(struct jsonw *w, char *line, const struct report_head *head, const char *kind);

/* End it, newline and all; returns its length. */
size_t head_close(struct jsonw *w);

#endif
