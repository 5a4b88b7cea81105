/* err.h - one failure, described once, where it happened.
 *
 * Why      A negative errno says what; a person also needs to know which file,
 *          which key, which pod.  err carries both up the call chain.
 * Owns     Nothing: the caller's stack holds it, the text is inline.
 * Limits   ERR_TEXT_MAX bytes; longer text is cut, outermost context kept.
 * Errors   None: reporting a failure cannot fail.
 */
#ifndef FARGUARD_BASE_ERR_H
#define FARGUARD_BASE_ERR_H

#define ERR_TEXT_MAX 256

struct err {
	int code; /* positive errno; 0 while nothing has failed */
	char text[ERR_TEXT_MAX];
};

/* Record the failure `code` (positive errno) and return -code. */
int err_set(struct err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Put "context: " in front of a recorded failure and return its -code. */
int err_wrap(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
