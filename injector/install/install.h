/* install.h - copy the payload into a pod's volume, whole or not at all.
 *
 * Why      Every container of the pod is about to mount these files and load them into its
 *          programs: a half-written one would break them all.
 * Errors   `err` names the file; what stood in the volume before stays as it was.
 */
#ifndef FARGUARD_INSTALL_INSTALL_H
#define FARGUARD_INSTALL_INSTALL_H

struct err;

#define INSTALL_LINE_MAX 256

struct install_options {
	const char *from; /* directory of the payload image's files */
	const char *target;
};

/* Parse what follows "install".  Returns 0 or -EINVAL. */
int install_parse(struct install_options *out, char **args, struct err *err);

/* Copy, read back and compare; ld.so.preload comes last, since it names the library.  Returns 0
 * with a sentence about it in `out_line`, or -errno. */
int install_payload(const struct install_options *options, char out_line[INSTALL_LINE_MAX],
                    struct err *err);

/* Leave `text` in the termination log of the container, when it has one. */
void install_last_words(const char *path, const char *text);

#endif
