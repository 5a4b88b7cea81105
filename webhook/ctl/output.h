/* output.h - what goes to standard output, kept until all input was understood.
 *
 * Why      `farguardctl inject -f a -f b | kubectl apply -f -` must not apply a half.
 * Owns     Its buffer, until output_done().
 * Limits   OUTPUT_BYTES_MAX.
 * Errors   Sticky: callers check once, at output_write().
 */
#ifndef FARGUARD_CTL_OUTPUT_H
#define FARGUARD_CTL_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#define OUTPUT_BYTES_MAX (1u << 30)

struct err;

struct output {
	char *bytes;
	size_t len, cap;
	bool failed;
};

void output_add(struct output *output, const char *bytes, size_t len);
void output_text(struct output *output, const char *text);

/* Write everything to standard output and close it.  Returns 0 or -errno. */
int output_write(const struct output *output, struct err *err);
void output_done(struct output *output);

#endif
