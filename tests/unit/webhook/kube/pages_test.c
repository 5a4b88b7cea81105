#include "webhook/kube/pages.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "injector/base/err.h"
#include "tests/harness.h"
#include "webhook/http/http.h"
#include "webhook/kube/json.h"

#define PAGE(items, next) "{\"metadata\":{\"continue\":\"" next "\"},\"items\":[" items "]}"
#define GONE              "{\"kind\":\"Status\",\"message\":\"too old\"}"

/* Answers one request after the other, whatever it asks, and keeps what it asked. */
struct script {
	const struct step {
		int status;
		const char *body;
	} * steps;
	size_t count;
	int fd;
	pthread_t thread;
	char asked[8][256];
};

static void *play(void *ctx)
{
	struct script *script = ctx;

	for (size_t i = 0; i < script->count; i++) {
		int client = accept(script->fd, NULL, NULL);
		char request[4096], head[256];
		ssize_t n = recv(client, request, sizeof(request) - 1, 0);
		int len = snprintf(
		        head, sizeof(head),
		        "HTTP/1.1 %d X\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n",
		        script->steps[i].status, strlen(script->steps[i].body));

		request[n > 0 ? n : 0] = '\0';
		snprintf(script->asked[i], sizeof(script->asked[i]), "%.*s",
		         (int)strcspn(request, "\r"), request);
		(void)!send(client, head, (size_t)len, MSG_NOSIGNAL);
		(void)!send(client, script->steps[i].body, strlen(script->steps[i].body),
		            MSG_NOSIGNAL);
		close(client);
	}
	return NULL;
}

struct seen {
	char names[64];
	unsigned restarts;
	int fail;
};

static int on_item(void *ctx, struct json_object *item)
{
	struct seen *seen = ctx;

	size_t len = strlen(seen->names);

	snprintf(seen->names + len, sizeof(seen->names) - len, "%s", json_member_string(item, "n"));
	return seen->fail;
}

static void on_restart(void *ctx)
{
	struct seen *seen = ctx;

	seen->names[0] = '\0';
	seen->restarts++;
}

static int read_pages(struct script *script, struct seen *seen, struct err *err)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct pages pages = {"/api/v1/pods", on_item, on_restart, seen};
	socklen_t len = sizeof(at);
	struct http *http = NULL;
	char base[64];
	int r;

	script->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(script->fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(script->fd, 8), 0);
	assert_int_equal(getsockname(script->fd, (struct sockaddr *)&at, &len), 0);
	snprintf(base, sizeof(base), "http://127.0.0.1:%u", ntohs(at.sin_port));
	assert_int_equal(pthread_create(&script->thread, NULL, play, script), 0);
	assert_int_equal(http_open(&http, &(struct http_settings){.base = base}, err), 0);
	r = pages_read(http, &pages, err);
	assert_int_equal(err->code, r == 0 ? err->code : -r);
	http_close(http);
	pthread_join(script->thread, NULL);
	close(script->fd);
	return r;
}

static void pages_follow_each_other_to_the_end(void **state)
{
	static const struct step steps[] = {{200, PAGE("{\"n\":\"a\"},{\"n\":\"b\"}", "x/+=")},
	                                    {200, PAGE("{\"n\":\"c\"}", "y")},
	                                    {200, "{\"metadata\":{},\"items\":null}"}};
	struct script script = {.steps = steps, .count = 3};
	struct seen seen = {0};
	struct err err = {0};

	(void)state;
	assert_int_equal(read_pages(&script, &seen, &err), 0);
	assert_string_equal(seen.names, "abc");
	assert_int_equal(seen.restarts, 0);
	assert_string_equal(script.asked[0], "GET /api/v1/pods?limit=250 HTTP/1.1");
	assert_string_equal(script.asked[1],
	                    "GET /api/v1/pods?limit=250&continue=x%2F%2B%3D HTTP/1.1");
	assert_string_equal(script.asked[2], "GET /api/v1/pods?limit=250&continue=y HTTP/1.1");
}

static void list_that_grew_too_old_is_read_anew(void **state)
{
	static const struct step steps[] = {
	        {200, PAGE("{\"n\":\"a\"}", "x")}, {410, GONE}, {200, PAGE("{\"n\":\"b\"}", "")}};
	struct script script = {.steps = steps, .count = 3};
	struct seen seen = {0};
	struct err err = {0};

	(void)state;
	assert_int_equal(read_pages(&script, &seen, &err), 0);
	assert_string_equal(seen.names, "b");
	assert_int_equal(seen.restarts, 1);
	assert_string_equal(script.asked[2], "GET /api/v1/pods?limit=250 HTTP/1.1");
}

static void list_that_is_always_overtaken_ends(void **state)
{
	static const struct step steps[] = {
	        {410, GONE}, {410, GONE}, {410, GONE}, {410, GONE}, {410, GONE}};
	struct script script = {.steps = steps, .count = PAGES_TRIES};
	struct seen seen = {0};
	struct err err = {0};

	(void)state;
	assert_int_equal(read_pages(&script, &seen, &err), -ESTALE);
	assert_int_equal(seen.restarts, PAGES_TRIES - 1);
}

static void server_that_is_busy_is_asked_again(void **state)
{
	static const struct step steps[] = {{200, PAGE("{\"n\":\"a\"}", "x")},
	                                    {429, "{\"message\":\"slow down\"}"},
	                                    {200, PAGE("{\"n\":\"b\"}", "")}};
	static const struct step busy[] = {{503, ""}, {429, ""}, {500, ""}, {503, ""}};
	struct script script = {.steps = steps, .count = 3};
	struct seen seen = {0};
	struct err err = {0};

	(void)state;
	assert_int_equal(read_pages(&script, &seen, &err), 0);
	assert_string_equal(seen.names, "ab");
	assert_string_equal(script.asked[2], script.asked[1]);
	script = (struct script){.steps = busy, .count = PAGES_ASKS};
	err = (struct err){0};
	assert_int_equal(read_pages(&script, &seen, &err), -EBUSY);
	assert_int_equal(seen.restarts, 0);
}

static void what_is_no_list_and_what_the_callee_says_ends_it(void **state)
{
	static const struct step no_list[] = {{200, "{\"items\":{}}"}};
	static const struct step one[] = {{200, PAGE("{\"n\":\"a\"}", "x")}};
	struct script script = {.steps = no_list, .count = 1};
	struct seen seen = {.fail = -ENOMEM};
	struct err err = {0};

	(void)state;
	assert_int_equal(read_pages(&script, &seen, &err), -EPROTO);
	script = (struct script){.steps = one, .count = 1};
	err = (struct err){0};
	assert_int_equal(read_pages(&script, &seen, &err), -ENOMEM);
	assert_string_equal(seen.names, "a");
}

static void token_that_does_not_fit_is_refused(void **state)
{
	char query[40];

	(void)state;
	assert_int_equal(pages_query("", query, sizeof(query)), 0);
	assert_string_equal(query, "?limit=250");
	assert_int_equal(pages_query("abcdefghijk", query, sizeof(query)), 0);
	assert_int_equal(pages_query("aaaaaaaaaaaaaaaaaaaaaaaaaaaaa", query, sizeof(query)),
	                 -ENAMETOOLONG);
	assert_int_equal(pages_query("////////", query, sizeof(query)), -ENAMETOOLONG);
}

TEST_MAIN(cmocka_unit_test(pages_follow_each_other_to_the_end),
          cmocka_unit_test(list_that_grew_too_old_is_read_anew),
          cmocka_unit_test(list_that_is_always_overtaken_ends),
          cmocka_unit_test(server_that_is_busy_is_asked_again),
          cmocka_unit_test(what_is_no_list_and_what_the_callee_says_ends_it),
          cmocka_unit_test(token_that_does_not_fit_is_refused))
