/* choice.h - what kubeconfig files say about one context, checked, before anything is read or run.
 *
 * Why      Reading bytes is one thing, opening the files and running the program that they name
 *          another: this part is pure.
 * Owns     An arena, until choice_done(); other strings are borrowed from the files.
 * Threads  Pure.
 * Errors   -EINVAL with "FILE:LINE:COLUMN: ..." and the way out in `err`; -ENOENT for a context
 *          that is not there; -ENOMEM.
 */
#ifndef FARGUARD_KUBECONFIG_CHOICE_H
#define FARGUARD_KUBECONFIG_CHOICE_H

#include <stdbool.h>

#include "webhook/kubeconfig/files.h"
#include "webhook/kubeconfig/plugin.h"
#include "webhook/manifest/arena.h"

#define CHOICE_HEADERS_MAX 64

/* PEM, here or in a file; neither when it is not there. */
struct choice_pem {
	struct str bytes;
	const char *path;
	struct entry where; /* that says so, for messages */
};

struct choice {
	struct arena arena;
	const char *context, *namespace; /* namespace NULL: it says none */
	const char *server, *server_name;
	const char *proxy; /* or NULL */
	bool is_insecure;
	struct choice_pem ca, cert, key;
	const char *token, *token_path;
	struct entry user; /* node NULL: it names none */
	const char *username, *password;
	const char *headers[CHOICE_HEADERS_MAX + 1]; /* of impersonation; ends with NULL */
	bool has_plugin;
	struct plugin plugin;
	struct entry exec;         /* where the plugin stands */
	const struct node *config; /* what the cluster says to it, or NULL */
};

/* Choose `context`, or the current one for NULL; choice_done() either way. */
int choice_make(struct choice *choice, const struct files *files, const char *context,
                struct err *err);
void choice_done(struct choice *choice);

/* Read PEM that stands in `entry`, as base64 at `data_key` or in the file at `path_key`. */
int choice_read_pem(struct choice *choice, struct entry entry, const char *data_key,
                    const char *path_key, struct choice_pem *out, struct err *err);

#endif
