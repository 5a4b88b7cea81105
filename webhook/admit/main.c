/* main.c - farguard-webhook: answers the API server's admission reviews. */
#include <errno.h>
#include <gnutls/gnutls.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "injector/base/err.h"
#include "injector/base/own.h"
#include "injector/base/version.h"
#include "webhook/admit/admit.h"
#include "webhook/admit/allocator.h"
#include "webhook/admit/config.h"
#include "webhook/admit/keeper.h"
#include "webhook/admit/log.h"
#include "webhook/admit/options.h"
#include "webhook/admit/probe.h"
#include "webhook/admit/reload.h"
#include "webhook/admit/server.h"
#include "webhook/admit/stop.h"
#include "webhook/http/http.h"

#define DRAIN_MS 10000u /* for reviews under way, after no new ones are taken */

/* What the threads need, for as long as main() has not joined them. */
struct work {
	struct admit admit;
	struct keeper keeper;
	struct stop stop;
	struct server server;
	struct probe probe;
	struct reload reload; /* unused without a file */
};

static void *run_keeper(void *ctx)
{
	struct work *work = ctx;

	keeper_run(&work->keeper);
	return NULL;
}

static void *run_reload(void *ctx)
{
	struct work *work = ctx;

	if (work->reload.config)
		reload_run(&work->reload);
	return NULL;
}

static void *run_probe(void *ctx)
{
	struct work *work = ctx;

	if (work->probe.period_s)
		probe_run(&work->probe);
	return NULL;
}

static void *run_events(void *ctx)
{
	struct work *work = ctx;

	events_run(&work->admit.events);
	return NULL;
}

/* What runs beside the server's own threads. */
static void *(*const bodies[])(void *) = {run_keeper, run_reload, run_probe, run_events};

#define BODY_COUNT (sizeof(bodies) / sizeof(*bodies))

static void say_listening(const struct work *work)
{
	struct log_line line;

	if (!log_begin(&line, LOG_INFO, "listening"))
		return;
	jsonw_cstr(&line.json, "version", FARGUARD_VERSION);
	jsonw_cstr(&line.json, "admission", work->server.admission_address);
	jsonw_cstr(&line.json, "metrics", work->server.metrics_address);
	log_end(&line);
}

/* Serve until a signal, then on for `drain_s`: the API server hears of it only by and by. */
static void wait_for_end(struct work *work, unsigned drain_s, const sigset_t *ends)
{
	sigset_t again = *ends;
	int which = 0;

	while (sigwait(ends, &which) != 0 || which == SIGHUP)
		if (which == SIGHUP && work->reload.config)
			reload_ask(&work->reload);
	log_say(LOG_INFO, "ending", "signal", which == SIGTERM ? "SIGTERM" : "SIGINT");
	atomic_store(&work->admit.is_draining, true);
	/* A second signal cuts it short. */
	sigdelset(&again, SIGHUP);
	if (drain_s)
		sigtimedwait(&again, NULL, &(struct timespec){.tv_sec = drain_s});
}

static int serve(struct work *work, const struct options *options, const sigset_t *ends,
                 struct err *err)
{
	pthread_t threads[BODY_COUNT];
	size_t count = 0;
	int r = server_start(&work->server, &work->admit, err);

	if (r < 0)
		return r;
	say_listening(work);
	r = -watches_start(&work->admit.watches, err);
	while (count < BODY_COUNT && r == 0) {
		r = pthread_create(&threads[count], NULL, bodies[count], work);
		count += r == 0;
	}
	if (r == 0) {
		wait_for_end(work, options->drain_s, ends);
		server_stop(&work->server, DRAIN_MS);
	}
	stop_ask(&work->stop);
	http_stop(work->keeper.http);
	http_stop(work->probe.http);
	http_stop(work->admit.events.http);
	if (work->reload.config)
		reload_stop(&work->reload);
	watches_stop(&work->admit.watches);
	while (count > 0)
		pthread_join(threads[--count], NULL);
	server_stop(&work->server, 0);
	return r ? err_set(err, r, "no thread: %s", strerror(r)) : 0;
}

static struct http_settings settings_of(const struct options *options)
{
	return (struct http_settings){.base = options->api_server,
	                              .ca_file = options->ca_file,
	                              .token_file = options->token_file};
}

static int run(struct config *config, const struct options *options, const sigset_t *ends,
               struct err *err)
{
	const struct http_settings settings = settings_of(options);
	struct work work = {0};
	int r = stop_init(&work.stop);

	if (r < 0)
		return err_set(err, -r, "no memory");
	r = admit_init(&work.admit, config, &settings, &work.stop, err);
	work.admit.namespace = options->namespace;
	if (r == 0 && config->path)
		r = reload_init(&work.reload, config, err);
	if (r == 0)
		r = keeper_init(&work.keeper, &work.admit, &work.stop, &settings,
		                options->namespace, options->service, err);
	if (r == 0)
		r = probe_init(&work.probe, &work.admit, &work.stop, &settings, options->namespace,
		               options->probe_s, err);
	if (r == 0)
		r = keeper_serve_own(&work.keeper, err);
	if (r == 0)
		r = serve(&work, options, ends, err);
	probe_done(&work.probe);
	if (work.reload.config)
		reload_done(&work.reload);
	if (work.keeper.admit)
		keeper_done(&work.keeper);
	admit_done(&work.admit);
	stop_done(&work.stop);
	return r;
}

static int fail(int status, const struct err *err)
{
	fprintf(stderr, "farguard-webhook: %s\n", err->text);
	return status;
}

/* What `helm test` runs: once, for a person. */
static int probe(struct config *config, const struct options *options)
{
	const struct http_settings settings = settings_of(options);
	enum probe_result result;
	struct http *http = NULL;
	struct err err = {0};
	int r = http_open(&http, &settings, &err);

	if (r < 0)
		return fail(r == -EINVAL ? OPTIONS_USAGE : OPTIONS_INTERNAL, &err);
	result = probe_once(http, config, options->namespace, &err);
	http_close(http);
	if (result != PROBE_INJECTED)
		return fail(result == PROBE_MISSED ? OPTIONS_FOUND : OPTIONS_CLUSTER, &err);
	printf("a pod in namespace %s, by dry run, came back guarded\n", options->namespace);
	return fflush(stdout) == 0 ? OPTIONS_DONE : OPTIONS_INTERNAL;
}

static int start(struct config *config, const struct options *options, const sigset_t *ends)
{
	struct err err = {0};
	int r = run(config, options, ends, &err);

	if (r < 0)
		return fail(r == -EINVAL ? OPTIONS_USAGE : OPTIONS_INTERNAL, &err);
	log_say(LOG_INFO, "ended", NULL, NULL);
	return OPTIONS_DONE;
}

int main(int argc, char **argv)
{
	CLEANUP(config_done) struct config config = {0};
	struct options options;
	struct err err = {0};
	sigset_t ends;
	int r;

	allocator_tune(argv);
	r = options_parse(&options, argc, argv);
	if (r)
		return r;
	if (options.help || options.version) {
		fputs(options.help ? options_help() : "farguard-webhook " FARGUARD_VERSION "\n",
		      stdout);
		return fflush(stdout) == 0 ? OPTIONS_DONE : OPTIONS_INTERNAL;
	}
	log_set_level(options.log_level);
	r = config_init(&config, options.config, &err);
	if (r < 0)
		return r == -ENOMEM ? OPTIONS_INTERNAL : fail(OPTIONS_INPUT, &err);
	/* Before the first thread, so that all inherit it. */
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &ends, NULL);
	signal(SIGPIPE, SIG_IGN);
	if (gnutls_global_init() < 0 || http_init() < 0) {
		err_set(&err, ENOMEM, "no memory");
		return fail(OPTIONS_INTERNAL, &err);
	}
	r = options.probe ? probe(&config, &options) : start(&config, &options, &ends);
	http_exit();
	gnutls_global_deinit();
	return r;
}
