#include <errno.h>
#include <time.h>

#include "injector/base/err.h"
#include "tests/harness.h"
#include "tests/unit/webhook/http/server.h"
#include "webhook/http/http.h"

struct scene {
	struct server *server;
	struct http *http;
	struct http_response response;
	struct err err;
};

static int begin(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));
	char base[64];
	struct http_settings settings = {.base = base};

	assert_non_null(scene);
	scene->server = server_open();
	snprintf(base, sizeof(base), "http://127.0.0.1:%u", scene->server->port);
	assert_int_equal(http_open(&scene->http, &settings, &scene->err), 0);
	*state = scene;
	return 0;
}

static int end(void **state)
{
	struct scene *scene = *state;

	http_close(scene->http);
	server_close(scene->server);
	http_response_done(&scene->response);
	free(scene);
	return 0;
}

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int call(struct scene *scene, const char *path, long timeout_ms, long idle_s, long *out_ms)
{
	struct http_request request = {
	        .method = "GET", .path = path, .timeout_ms = timeout_ms, .idle_s = idle_s};
	long start = now_ms();
	int r;

	http_response_done(&scene->response);
	r = http_call(scene->http, &request, &scene->response, &scene->err);
	*out_ms = now_ms() - start;
	return r;
}

static void call_ends_at_its_deadline(void **state)
{
	static const char *const paths[] = {"/silent", "/stall", "/drip"};
	struct scene *scene = *state;
	long ms;

	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(call(scene, paths[i], 300, 0, &ms), -ETIMEDOUT);
		assert_in_range(ms, 290, 2000);
		assert_int_equal(scene->err.code, ETIMEDOUT);
	}
}

static void deadline_of_one_call_is_not_the_next_ones(void **state)
{
	struct scene *scene = *state;
	long ms;

	assert_int_equal(call(scene, "/silent", 100, 1, &ms), -ETIMEDOUT);
	assert_int_equal(call(scene, "/drip", 0, 0, &ms), 0);
	assert_string_equal(scene->response.body, "xxxxxxxx");
	assert_in_range(ms, 3000, 15000);
}

static void call_without_a_byte_for_so_long_ends(void **state)
{
	struct scene *scene = *state;
	long ms;

	assert_int_equal(call(scene, "/stall", 0, 2, &ms), -ETIMEDOUT);
	assert_in_range(ms, 1900, 10000);
	assert_int_equal(scene->response.status, 200);
}

/* A byte every 400 ms is slower than any limit for a whole call, and no silence. */
static void call_that_goes_on_slowly_is_let_go_on(void **state)
{
	struct scene *scene = *state;
	long ms;

	assert_int_equal(call(scene, "/drip", 0, 2, &ms), 0);
	assert_string_equal(scene->response.body, "xxxxxxxx");
}

struct stopper {
	struct http *http;
	long after_ms, stopped_ms;
};

static void *stop_later(void *ctx)
{
	struct stopper *stopper = ctx;
	struct timespec nap = {.tv_nsec = stopper->after_ms * 1000000};

	nanosleep(&nap, NULL);
	stopper->stopped_ms = now_ms();
	http_stop(stopper->http);
	return NULL;
}

/* Before the answer, within it, and at several points of curl's own second. */
static void stop_ends_the_running_call_and_all_later_ones(void **state)
{
	static const char *const paths[] = {"/silent", "/stall", "/silent", "/stall"};
	static const long after_ms[] = {50, 300, 600, 950};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		void *inner = NULL;
		struct stopper stopper = {.after_ms = after_ms[i]};
		struct scene *scene;
		pthread_t thread;
		long ms;

		begin(&inner);
		scene = inner;
		stopper.http = scene->http;
		assert_int_equal(pthread_create(&thread, NULL, stop_later, &stopper), 0);
		assert_int_equal(call(scene, paths[i], 0, i / 2 ? 60 : 0, &ms), -ECANCELED);
		/* A busy machine may wake a thread late. */
		assert_in_range(now_ms() - stopper.stopped_ms, 0, 1800);
		pthread_join(thread, NULL);
		assert_int_equal(call(scene, "/ok", 1000, 0, &ms), -ECANCELED);
		assert_int_equal(scene->err.code, ECANCELED);
		assert_in_range(ms, 0, 500);
		end(&inner);
	}
}

static int init_all(void **state)
{
	(void)state;
	return http_init();
}

static int exit_all(void **state)
{
	(void)state;
	http_exit();
	return 0;
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	static const struct CMUnitTest cases[] = {
	        CASE(call_ends_at_its_deadline),
	        CASE(deadline_of_one_call_is_not_the_next_ones),
	        CASE(call_without_a_byte_for_so_long_ends),
	        CASE(call_that_goes_on_slowly_is_let_go_on),
	        cmocka_unit_test(stop_ends_the_running_call_and_all_later_ones),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(cases, init_all, exit_all);
}
