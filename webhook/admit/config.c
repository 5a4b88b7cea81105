#include "webhook/admit/config.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "injector/base/err.h"
#include "injector/base/own.h"
#include "webhook/policy/policy.h"

struct config_held {
	struct policy policy; /* first: a borrowed policy is its holder */
	unsigned holders;     /* being in force is one */
};

static void let_go(struct config *config, struct config_held *held)
{
	bool is_last;

	pthread_mutex_lock(&config->lock);
	assert(held->holders > 0);
	is_last = --held->holders == 0;
	pthread_mutex_unlock(&config->lock);
	if (is_last) {
		policy_done(&held->policy);
		free(held);
	}
}

const struct policy *config_get(struct config *config)
{
	struct config_held *held;

	pthread_mutex_lock(&config->lock);
	held = config->current;
	held->holders++;
	pthread_mutex_unlock(&config->lock);
	return &held->policy;
}

void config_put(struct config *config, const struct policy *policy)
{
	/* It was made writable, by this file alone. */
	let_go(config, (struct config_held *)(uintptr_t)policy);
}

/* Read the file into `bytes`, and what is in it into a holder of its own. */
static int take(const char *path, char **bytes, size_t *len, struct config_held **out,
                struct err *err)
{
	CLEANUP(mem_freep) struct config_held *held = calloc(1, sizeof(*held));
	int r;

	if (!held)
		return err_set(err, ENOMEM, "out of memory");
	if (!path)
		r = policy_init(&held->policy) < 0 ? err_set(err, ENOMEM, "out of memory") : 0;
	else
		r = policy_parse(&held->policy, *bytes, *len, path, err);
	if (r < 0)
		return r;
	held->holders = 1;
	*out = TAKE(held);
	return 0;
}

int config_init(struct config *config, const char *path, struct err *err)
{
	int r = 0;

	*config = (struct config){.path = path};
	if (path)
		r = policy_read(path, &config->tried, &config->tried_len, err);
	if (r == 0)
		r = take(path, &config->tried, &config->tried_len, &config->current, err);
	if (r == 0 && pthread_mutex_init(&config->lock, NULL) != 0) {
		policy_done(&config->current->policy);
		free(TAKE(config->current));
		r = err_set(err, ENOMEM, "out of memory");
	}
	if (r < 0) {
		free(TAKE(config->tried));
		return r;
	}
	atomic_store(&config->is_last_good, true);
	atomic_store(&config->good_s, (int64_t)time(NULL));
	return 0;
}

void config_done(struct config *config)
{
	if (!config->current)
		return;
	assert(config->current->holders == 1);
	let_go(config, TAKE(config->current));
	free(TAKE(config->tried));
	pthread_mutex_destroy(&config->lock);
}

static bool is_blank(const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!strchr(" \t\r\n", bytes[i]) || !bytes[i])
			return false;
	return true;
}

/* Whether the file is what it was the last time, readable or not. */
static bool is_same(const struct config *config, int r, const char *bytes, size_t len)
{
	if (r < 0)
		return !config->tried && config->refusal == r;
	return bytes && config->tried && config->tried_len == len &&
	       memcmp(config->tried, bytes, len) == 0;
}

/* Of a pipe, which a start may well read, nobody knows when it ends. */
static int read_file(const char *path, char **bytes, size_t *len, struct err *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return err_set(err, errno, "%.150s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_set(err, EINVAL, "%.150s: no regular file", path);
	return policy_read(path, bytes, len, err);
}

/* Put `fresh` in force and tell what that changes; consumes `fresh`. */
static unsigned replace(struct config *config, struct config_held *fresh, diff_fn *on_diff,
                        void *ctx)
{
	struct config_held *old = config->current;
	unsigned count = diff_policies(&old->policy, &fresh->policy, on_diff, ctx);

	pthread_mutex_lock(&config->lock);
	config->current = fresh;
	pthread_mutex_unlock(&config->lock);
	let_go(config, old);
	return count;
}

enum config_outcome config_reload(struct config *config, diff_fn *on_diff, void *ctx,
                                  struct err *err)
{
	CLEANUP(mem_freep) char *bytes = NULL;
	struct config_held *fresh = NULL;
	bool was_refused = config->refusal < 0;
	size_t len = 0;
	int r;

	if (!config->path)
		return CONFIG_SAME;
	r = read_file(config->path, &bytes, &len, err);
	if (is_same(config, r, bytes, len))
		return CONFIG_SAME;
	/* Of a file that is being written, or was lost, nothing at all would mean the defaults. */
	if (r == 0 && is_blank(bytes, len))
		r = err_set(err, ENODATA, "%.150s:1:1: the file is empty", config->path);
	if (r == 0)
		r = take(config->path, &bytes, &len, &fresh, err);
	free(config->tried);
	config->tried = TAKE(bytes);
	config->tried_len = len;
	config->refusal = r;
	atomic_store(&config->is_last_good, r == 0);
	if (r < 0)
		return CONFIG_REFUSED;
	atomic_store(&config->good_s, (int64_t)time(NULL));
	if (replace(config, fresh, on_diff, ctx) == 0 && was_refused)
		return CONFIG_BACK;
	return CONFIG_TAKEN;
}
