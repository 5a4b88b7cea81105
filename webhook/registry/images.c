#include "webhook/registry/images.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "injector/base/clock.h"
#include "injector/base/err.h"
#include "injector/base/own.h"
#include "webhook/http/http.h"
#include "webhook/registry/ask.h"
#include "webhook/registry/config.h"
#include "webhook/registry/credentials.h"
#include "webhook/registry/digest.h"
#include "webhook/registry/ecr.h"
#include "webhook/registry/hosts.h"
#include "webhook/registry/place.h"
#include "webhook/registry/reference.h"
#include "webhook/registry/store.h"

#define BUDGET_MS_MAX 30000L
#define CA_KEEP_S     60L /* all public authorities take 2.5 MB and 15 ms to read */

/* A question, as long as it is not answered. */
struct job {
	struct job *next;
	uint8_t key[DIGEST_BYTES];
	struct reference reference;
	struct place place;
	struct credentials credentials;
	const struct credential *sorted[CREDENTIALS_MAX];
	size_t count;
};

struct worker {
	struct images *images;
	struct http *http;
	pthread_t thread;
	bool is_running;
};

struct images {
	struct places places;
	struct ecr *ecr;
	long timeout_ms;
	struct worker workers[IMAGES_WORKERS];
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t work;  /* a job is there, or may begin, or the end */
	pthread_cond_t news;  /* a job is done */
	bool is_stopped;
	struct job *first;
	size_t job_count;
	struct store store;
	struct hosts hosts;
	struct images_counts counts;
};

static void job_free(struct job *job)
{
	if (job)
		credentials_done(&job->credentials);
	free(job);
}

static void job_freep(struct job **job)
{
	job_free(*job);
}

/* Read the question; the key covers the image and everything that it is asked with. */
static int job_make(const struct images *images, const char *reference,
                    const struct images_credential *credentials, size_t credential_count,
                    struct job **out, struct err *err)
{
	CLEANUP(job_freep) struct job *job = calloc(1, sizeof(*job));
	struct str parts[1 + 3 * CREDENTIALS_MAX];
	char whole[REFERENCE_TEXT_MAX];
	size_t part_count = 0;
	int r;

	if (!job)
		return err_set(err, ENOMEM, "no memory");
	r = reference_parse(reference, &job->reference, err);
	if (r == 0)
		r = places_find(&images->places, &job->reference, &job->place, err);
	for (size_t i = 0; r == 0 && i < credential_count && i < IMAGES_CREDENTIALS_MAX; i++)
		if (credentials_add(&job->credentials, &credentials[i], &job->reference) < 0)
			r = err_set(err, ENOMEM, "no memory");
	if (r < 0)
		return r;
	job->count = credentials_sort(&job->credentials, job->sorted);
	reference_format(&job->reference, whole);
	parts[part_count++] = (struct str){whole, strlen(whole)};
	for (size_t i = 0; i < job->count; i++) {
		const struct credential *at = job->sorted[i];

		parts[part_count++] = (struct str){at->key, strlen(at->key)};
		parts[part_count++] = (struct str){at->user, strlen(at->user)};
		parts[part_count++] = (struct str){at->password, strlen(at->password)};
	}
	if (digest_sum(parts, part_count, job->key) < 0)
		return err_set(err, ENOMEM, "no memory");
	*out = TAKE(job);
	return 0;
}

/* The first job whose registry may be asked, taken out of the queue; the lock is held. */
static struct job *job_take(struct images *images, uint64_t now_ms)
{
	for (struct job **at = &images->first; *at; at = &(*at)->next)
		if (hosts_is_paused(&images->hosts, (*at)->place.base, now_ms) ||
		    hosts_may_begin(&images->hosts, (*at)->place.base, now_ms)) {
			struct job *job = *at;

			*at = job->next;
			images->job_count--;
			return job;
		}
	return NULL;
}

static void job_put(struct images *images, struct job *job)
{
	struct job **at = &images->first;

	while (*at)
		at = &(*at)->next;
	job->next = NULL;
	*at = job;
	images->job_count++;
	pthread_cond_signal(&images->work);
}

/* Ask, without the lock. */
static int job_run(struct worker *worker, const struct job *job, const char *known,
                   struct fetch_answer *out, struct err *err)
{
	struct ask_question question = {.reference = &job->reference,
	                                .base = job->place.base,
	                                .is_near = job->place.is_near,
	                                .credentials = job->sorted,
	                                .credential_count = job->count,
	                                .known = known[0] ? known : NULL,
	                                .deadline_ms =
	                                        clock_ms() + (uint64_t)worker->images->timeout_ms};
	char whole[REFERENCE_TEXT_MAX];
	int r = ask_image(worker->http, worker->images->ecr, &question, out, err);

	if (r < 0) {
		reference_format(&job->reference, whole);
		err_wrap(err, "%.120s", whole);
	}
	return r;
}

/* Keep what came of a job; the lock is held. */
static void job_end(struct images *images, struct job *job, int r, struct fetch_answer *answer,
                    const struct err *err)
{
	struct store_entry *entry = store_find(&images->store, job->key);
	uint64_t now_ms = clock_ms();
	uint64_t life_s = job->reference.digest[0] ? IMAGES_DIGEST_S : IMAGES_TAG_S;

	images->counts.fetches++;
	images->counts.failures += r < 0;
	entry->is_asked = false;
	if (r < 0)
		store_put_error(entry, -r, err->text, now_ms + IMAGES_FAILURE_S * 1000);
	else if (answer->is_known)
		store_put_again(entry, now_ms + life_s * 1000);
	else
		store_put(&images->store, entry, &answer->config, answer->digest,
		          now_ms + life_s * 1000);
	pthread_cond_broadcast(&images->news);
}

/* One job from the queue to its end; the lock is held before and after. */
static void work_once(struct worker *worker, struct job *job)
{
	struct images *images = worker->images;
	struct fetch_answer answer = {0};
	struct err err = {0};
	char known[REFERENCE_DIGEST_MAX];
	bool is_paused = hosts_is_paused(&images->hosts, job->place.base, clock_ms());
	int r;

	/* An entry that is being asked for is not evicted. */
	memcpy(known, store_find(&images->store, job->key)->digest, sizeof(known));
	if (is_paused) {
		r = err_set(&err, EBUSY, "%.120s: left alone for a while", job->place.base);
	} else {
		hosts_begin(&images->hosts, job->place.base, clock_ms());
		pthread_mutex_unlock(&images->lock);
		r = job_run(worker, job, known, &answer, &err);
		pthread_mutex_lock(&images->lock);
		hosts_end(&images->hosts, job->place.base, r, answer.retry_after_s, clock_ms());
	}
	job_end(images, job, r, &answer, &err);
	images_config_done(&answer.config);
	/* Another job of the same registry may begin now. */
	pthread_cond_broadcast(&images->work);
}

static void *work(void *ctx)
{
	struct worker *worker = ctx;
	struct images *images = worker->images;

	pthread_mutex_lock(&images->lock);
	while (!images->is_stopped) {
		struct job *job = job_take(images, clock_ms());

		if (!job) {
			pthread_cond_wait(&images->work, &images->lock);
			continue;
		}
		work_once(worker, job);
		job_free(job);
	}
	pthread_mutex_unlock(&images->lock);
	return NULL;
}

static int init_locks(struct images *images)
{
	pthread_condattr_t attr;
	int r = pthread_condattr_init(&attr);

	if (r == 0)
		r = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	if (r == 0)
		r = pthread_mutex_init(&images->lock, NULL);
	if (r == 0)
		r = pthread_cond_init(&images->work, &attr);
	if (r == 0)
		r = pthread_cond_init(&images->news, &attr);
	pthread_condattr_destroy(&attr);
	return -r;
}

static int start(struct images *images, const struct images_settings *settings, struct err *err)
{
	/* It is turned to each registry in its turn. */
	struct http_settings http = {.base = "https://registry-1.docker.io",
	                             .ca_file = settings->ca_file,
	                             .ca_keep_s = CA_KEEP_S};

	for (size_t i = 0; i < IMAGES_WORKERS; i++) {
		struct worker *worker = &images->workers[i];
		int r = http_open(&worker->http, &http, err);

		if (r < 0)
			return r;
		worker->images = images;
		r = pthread_create(&worker->thread, NULL, work, worker);
		if (r != 0)
			return err_set(err, r, "no thread");
		worker->is_running = true;
	}
	return 0;
}

int images_init(struct images **out, const struct images_settings *settings, struct err *err)
{
	struct images *images = calloc(1, sizeof(*images));
	int r;

	if (!images || init_locks(images) < 0) {
		free(images);
		return err_set(err, ENOMEM, "no memory");
	}
	images->timeout_ms = settings->timeout_ms > 0 ? settings->timeout_ms : IMAGES_TIMEOUT_MS;
	r = places_init(&images->places, settings->endpoints, err);
	if (r == 0 && ecr_init(&images->ecr) < 0)
		r = err_set(err, ENOMEM, "no memory");
	if (r == 0)
		r = start(images, settings, err);
	if (r < 0) {
		images_done(images);
		return r;
	}
	*out = images;
	return 0;
}

void images_done(struct images *images)
{
	if (!images)
		return;
	pthread_mutex_lock(&images->lock);
	images->is_stopped = true;
	pthread_cond_broadcast(&images->work);
	pthread_mutex_unlock(&images->lock);
	for (size_t i = 0; i < IMAGES_WORKERS; i++) {
		struct worker *worker = &images->workers[i];

		if (worker->http)
			http_stop(worker->http);
		if (worker->is_running)
			pthread_join(worker->thread, NULL);
		http_close(worker->http);
	}
	while (images->first) {
		struct job *job = images->first;

		images->first = job->next;
		job_free(job);
	}
	store_done(&images->store);
	ecr_done(images->ecr);
	pthread_cond_destroy(&images->news);
	pthread_cond_destroy(&images->work);
	pthread_mutex_destroy(&images->lock);
	free(images);
}

static int take_answer(const struct store_entry *entry, struct images_config *out, struct err *err)
{
	if (entry->error)
		return err_set(err, entry->error, "%s", entry->text);
	return config_copy(&entry->config, out) ? 0 : err_set(err, ENOMEM, "no memory");
}

/* Put the job into the queue; it is consumed then. */
static int enqueue(struct images *images, struct job **job, struct err *err)
{
	uint64_t now_ms = clock_ms();
	struct store_entry *entry;

	if (hosts_is_paused(&images->hosts, (*job)->place.base, now_ms)) {
		images->counts.refused++;
		return err_set(err, EBUSY, "%.120s: left alone for a while", (*job)->place.base);
	}
	if (images->job_count == IMAGES_QUEUE_MAX) {
		images->counts.refused++;
		return err_set(err, EBUSY, "%d images wait to be looked up", IMAGES_QUEUE_MAX);
	}
	entry = store_find(&images->store, (*job)->key);
	if (!entry)
		entry = store_add(&images->store, (*job)->key, now_ms);
	if (!entry)
		return err_set(err, ENOMEM, "no memory");
	entry->is_asked = true;
	job_put(images, TAKE(*job));
	return 0;
}

/* Wait until the question `key` is answered; the lock is held, but while waiting. */
static int wait_for(struct images *images, const uint8_t key[DIGEST_BYTES], long budget_ms,
                    struct images_config *out, struct err *err)
{
	uint64_t until_ms = clock_ms() + (uint64_t)(budget_ms < 0 ? 0 : budget_ms);
	struct timespec until = {(time_t)(until_ms / 1000), (long)(until_ms % 1000) * 1000000};

	for (;;) {
		/* Found anew each time: it may have been evicted since. */
		struct store_entry *entry = store_find(&images->store, key);

		if (entry && !entry->is_asked)
			return take_answer(entry, out, err);
		if (!entry || images->is_stopped || clock_ms() >= until_ms)
			break;
		pthread_cond_timedwait(&images->news, &images->lock, &until);
	}
	images->counts.late++;
	return err_set(err, EAGAIN, "not answered within %ld ms", budget_ms);
}

/* With the lock held. */
static int find(struct images *images, struct job **job, long budget_ms, struct images_config *out,
                struct err *err)
{
	uint64_t now_ms = clock_ms();
	struct store_entry *entry = store_find(&images->store, (*job)->key);
	uint8_t key[DIGEST_BYTES];
	int r = 0;

	if (entry)
		entry->used_ms = now_ms;
	if (entry && !entry->is_asked && now_ms < entry->until_ms) {
		images->counts.hits++;
		return take_answer(entry, out, err);
	}
	memcpy(key, (*job)->key, sizeof(key));
	if (!entry || !entry->is_asked)
		r = enqueue(images, job, err);
	if (r < 0)
		return r;
	images->counts.misses++;
	return wait_for(images, key, budget_ms, out, err);
}

int images_find(struct images *images, const char *reference,
                const struct images_credential *credentials, size_t credential_count,
                long budget_ms, struct images_config *out, struct err *err)
{
	CLEANUP(job_freep) struct job *job = NULL;
	char note[sizeof(job->credentials.note)];
	int r;

	*out = (struct images_config){0};
	r = job_make(images, reference, credentials, credential_count, &job, err);
	if (r < 0)
		return r;
	assert(job);
	/* What this pod's secrets lack is no part of an answer that others get. */
	memcpy(note, job->credentials.note, sizeof(note));
	pthread_mutex_lock(&images->lock);
	r = find(images, &job, budget_ms < BUDGET_MS_MAX ? budget_ms : BUDGET_MS_MAX, out, err);
	pthread_mutex_unlock(&images->lock);
	return r < 0 && note[0] ? err_wrap(err, "without %s", note) : r;
}

void images_count(struct images *images, struct images_counts *out)
{
	pthread_mutex_lock(&images->lock);
	*out = images->counts;
	pthread_mutex_unlock(&images->lock);
}
