/* config.h - the policy in force, replaceable while reviews read it.
 *
 * Why      A good file takes effect with the next review; a bad one changes nothing, and says so.
 * Owns     Each policy until nobody holds it and another one is in force.
 * Threads  Any; config_reload() from one at a time.
 * Errors   Of a file that cannot be taken: "FILE:LINE:COLUMN: ...", and the old policy stays.
 */
#ifndef FARGUARD_ADMIT_CONFIG_H
#define FARGUARD_ADMIT_CONFIG_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "webhook/policy/diff.h"

struct config_held;
struct err;
struct policy;

struct config {
	const char *path; /* NULL: the defaults, for good */
	pthread_mutex_t lock;
	struct config_held *current;
	char *tried; /* the file as it was read last, good or not; NULL when it was not readable */
	size_t tried_len;
	int refusal; /* -errno of what is in `tried`, or of reading it; 0 when it is in force */
	atomic_bool is_last_good;
	_Atomic int64_t good_s; /* Unix time of the last that was taken */
};

enum config_outcome {
	CONFIG_SAME,    /* nothing has changed since the last time */
	CONFIG_TAKEN,   /* another policy is in force */
	CONFIG_BACK,    /* after a refusal the file is again what is in force */
	CONFIG_REFUSED, /* the policy stays, `err` says why */
};

/* Take the file at `path` (borrowed), or the defaults.  Returns 0 or -errno, with nothing held. */
int config_init(struct config *config, const char *path, struct err *err);

/* After the last config_put(). */
void config_done(struct config *config);

/* The policy in force, unchanged until config_put(). */
const struct policy *config_get(struct config *config);
void config_put(struct config *config, const struct policy *policy);

/* Read the file again.  For CONFIG_TAKEN `on_diff` was called for each key that changed. */
enum config_outcome config_reload(struct config *config, diff_fn *on_diff, void *ctx,
                                  struct err *err);

#endif
