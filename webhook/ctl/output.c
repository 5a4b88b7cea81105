#include "webhook/ctl/output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "injector/base/err.h"

#define FIRST_CAP 4096u

void output_add(struct output *output, const char *bytes, size_t len)
{
	size_t cap = output->cap ? output->cap : FIRST_CAP;
	char *grown;

	if (output->failed || len == 0)
		return;
	if (len > OUTPUT_BYTES_MAX - output->len) {
		output->failed = true;
		return;
	}
	while (cap < output->len + len)
		cap *= 2;
	if (cap > output->cap) {
		grown = realloc(output->bytes, cap);
		if (!grown) {
			output->failed = true;
			return;
		}
		output->bytes = grown;
		output->cap = cap;
	}
	memcpy(output->bytes + output->len, bytes, len);
	output->len += len;
}

void output_text(struct output *output, const char *text)
{
	output_add(output, text, strlen(text));
}

int output_write(const struct output *output, struct err *err)
{
	size_t at = 0;

	if (output->failed)
		return err_set(err, ENOMEM, "out of memory for the output");
	while (at < output->len) {
		ssize_t n = write(STDOUT_FILENO, output->bytes + at, output->len - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(err, errno, "standard output: %s", strerror(errno));
		at += (size_t)n;
	}
	/* Some file systems tell only now that the disk is full. */
	if (close(STDOUT_FILENO) < 0 && errno != EINTR && output->len)
		return err_set(err, errno, "standard output: %s", strerror(errno));
	return 0;
}

void output_done(struct output *output)
{
	free(output->bytes);
	*output = (struct output){0};
}
