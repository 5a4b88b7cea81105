#include "webhook/http/http.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "injector/base/err.h"
#include "tests/harness.h"
#include "tests/unit/webhook/http/server.h"

#define TIMEOUT_MS 20000L

/* What each test has: a server, a client of it, and a directory for its token. */
struct scene {
	struct server *server;
	struct http *http;
	char dir[32], token[64];
	struct http_response response;
	struct err err;
};

static struct http *open_at(const char *base, const char *token_file)
{
	struct http_settings settings = {.base = base, .token_file = token_file};
	struct http *http = NULL;
	struct err err = {0};

	assert_int_equal(http_open(&http, &settings, &err), 0);
	return http;
}

static int begin(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));
	char base[64];

	assert_non_null(scene);
	snprintf(scene->dir, sizeof(scene->dir), "/tmp/farguard-http-XXXXXX");
	assert_non_null(mkdtemp(scene->dir));
	snprintf(scene->token, sizeof(scene->token), "%s/token", scene->dir);
	scene->server = server_open();
	snprintf(base, sizeof(base), "http://127.0.0.1:%u", scene->server->port);
	scene->http = open_at(base, NULL);
	*state = scene;
	return 0;
}

static int end(void **state)
{
	struct scene *scene = *state;

	http_close(scene->http);
	server_close(scene->server);
	http_response_done(&scene->response);
	unlink(scene->token);
	rmdir(scene->dir);
	free(scene);
	return 0;
}

static int call(struct scene *scene, const struct http_request *request)
{
	http_response_done(&scene->response);
	scene->err = (struct err){0};
	return http_call(scene->http, request, &scene->response, &scene->err);
}

static int get(struct scene *scene, const char *path)
{
	struct http_request request = {.method = "GET", .path = path, .timeout_ms = TIMEOUT_MS};
	int r = call(scene, &request);

	/* A failure is said twice: as a number and as a sentence. */
	assert_int_equal(scene->err.code, -r);
	assert_int_equal(r < 0, scene->err.text[0] != '\0');
	return r;
}

static void assert_answer(struct scene *scene, const char *path, long status, const char *body)
{
	assert_int_equal(get(scene, path), 0);
	assert_int_equal(scene->response.status, status);
	assert_int_equal(scene->response.len, strlen(body));
	assert_string_equal(scene->response.body, body);
}

static void status_and_body_are_what_the_server_said(void **state)
{
	struct scene *scene = *state;

	assert_answer(scene, "/ok", 200, "hello");
	assert_answer(scene, "/nul", 200, "a\x01z");
	assert_answer(scene, "/none", 204, "");
	assert_answer(scene, "/missing", 404, "gone");
	assert_answer(scene, "/broken", 503, "");
	assert_answer(scene, "/to-the-end", 200, "hello");
	http_response_done(&scene->response);
	assert_null(scene->response.body);
	http_response_done(&scene->response);
}

static void chunks_are_joined(void **state)
{
	assert_answer(*state, "/chunked", 200, "hello, world");
}

static void connection_is_kept_and_made_anew_when_lost(void **state)
{
	struct scene *scene = *state;

	for (int i = 0; i < 5; i++)
		assert_answer(scene, i % 2 ? "/chunked" : "/ok", 200,
		              i % 2 ? "hello, world" : "hello");
	assert_int_equal(server_count(scene->server, &scene->server->connection_count), 1);
	for (int i = 0; i < 5; i++)
		assert_answer(scene, "/leaves", 200, "hello");
	assert_answer(scene, "/ok", 200, "hello");
}

static void redirect_is_not_followed(void **state)
{
	struct scene *scene = *state;

	assert_answer(scene, "/redirect", 302, "there");
	assert_int_equal(server_count(scene->server, &scene->server->request_count), 1);
}

static void request_carries_what_it_was_given(void **state)
{
	struct scene *scene = *state;
	struct http_request put = {.method = "PUT",
	                           .path = "/ok?x=%2F",
	                           .type = "application/json",
	                           .body = "{\"a\":1}",
	                           .body_len = 7,
	                           .timeout_ms = TIMEOUT_MS};

	assert_int_equal(call(scene, &put), 0);
	assert_true(server_saw(scene->server, "PUT /ok?x=%2F HTTP/1.1\r\n"));
	assert_true(server_saw(scene->server, "\r\nContent-Type: application/json\r\n"));
	assert_true(server_saw(scene->server, "\r\nContent-Length: 7\r\n"));
	assert_true(server_saw(scene->server, "\r\nAccept: application/json\r\n"));
	assert_true(server_saw(scene->server, "\r\n\r\n{\"a\":1}"));
	assert_false(server_saw(scene->server, "\r\nExpect:"));
	assert_false(server_saw(scene->server, "\r\nAuthorization:"));
	put.method = "PATCH";
	assert_int_equal(call(scene, &put), 0);
	assert_true(server_saw(scene->server, "PATCH /ok"));
	put.method = "POST";
	assert_int_equal(call(scene, &put), 0);
	assert_true(server_saw(scene->server, "POST /ok"));
	/* Nothing of it is left for the next call. */
	assert_answer(scene, "/ok", 200, "hello");
	assert_true(server_saw(scene->server, "GET /ok HTTP/1.1\r\n"));
	assert_false(server_saw(scene->server, "Content-"));
	assert_false(server_saw(scene->server, "{"));
}

/* Over 1 MiB curl would ask for "100 Continue" first, and wait for it. */
static void large_body_arrives_whole_without_asking(void **state)
{
	struct scene *scene = *state;
	const size_t len = (1u << 20) + 5;
	char *body = malloc(len);
	struct http_request put = {.method = "PUT",
	                           .path = "/ok",
	                           .body = body,
	                           .body_len = len,
	                           .timeout_ms = TIMEOUT_MS};

	assert_non_null(body);
	memset(body, 'b', len);
	memcpy(body + len - 5, "final", 5);
	assert_int_equal(call(scene, &put), 0);
	assert_true(server_saw(scene->server, "\r\nContent-Length: 1048581\r\n"));
	assert_true(server_saw(scene->server, "bbbbfinal"));
	assert_false(server_saw(scene->server, "\r\nExpect:"));
	free(body);
}

static void body_is_kept_up_to_the_cap_and_no_further(void **state)
{
	static const char *const paths[] = {"/large", "/large-error", "/large-to-the-end"};
	struct scene *scene = *state;

	for (size_t i = 0; i < 3; i++) {
		struct http_request request = {.method = "GET",
		                               .path = paths[i],
		                               .timeout_ms = TIMEOUT_MS,
		                               .body_bytes_max = SERVER_LARGE_BYTES};

		assert_int_equal(call(scene, &request), 0);
		assert_int_equal(scene->response.len, SERVER_LARGE_BYTES);
		assert_int_equal(strlen(scene->response.body), SERVER_LARGE_BYTES);
		request.body_bytes_max = SERVER_LARGE_BYTES - 1;
		assert_int_equal(call(scene, &request), -EFBIG);
		assert_true(scene->response.len < SERVER_LARGE_BYTES);
		request.body_bytes_max = 1;
		assert_int_equal(call(scene, &request), -EFBIG);
	}
	assert_answer(scene, "/ok", 200, "hello");
}

struct taken {
	size_t bytes, call_count, fails_at;
	char head[16];
};

static int take(void *ctx, const char *bytes, size_t len)
{
	struct taken *taken = ctx;

	for (size_t i = 0; i < len; i++, taken->bytes++)
		if (taken->bytes < sizeof(taken->head) - 1)
			taken->head[taken->bytes] = bytes[i];
	taken->call_count++;
	return taken->fails_at && taken->call_count >= taken->fails_at ? -EBADMSG : 0;
}

static void answer_streams_to_on_chunk_uncounted(void **state)
{
	struct scene *scene = *state;
	struct taken taken = {0};
	struct http_request request = {.method = "GET",
	                               .path = "/large",
	                               .timeout_ms = TIMEOUT_MS,
	                               .body_bytes_max = 10,
	                               .on_chunk = take,
	                               .ctx = &taken};

	assert_int_equal(call(scene, &request), 0);
	assert_int_equal(taken.bytes, SERVER_LARGE_BYTES);
	assert_int_equal(scene->response.len, 0);
	assert_string_equal(scene->response.body, "");
	taken = (struct taken){0};
	request.path = "/chunked";
	assert_int_equal(call(scene, &request), 0);
	assert_string_equal(taken.head, "hello, world");
}

static void error_of_on_chunk_ends_the_call(void **state)
{
	struct scene *scene = *state;
	struct taken taken = {.fails_at = 1};
	struct http_request request = {
	        .method = "GET", .path = "/stall", .on_chunk = take, .ctx = &taken};

	assert_int_equal(call(scene, &request), -EBADMSG);
	assert_int_equal(taken.call_count, 1);
	assert_int_equal(scene->response.status, 200);
	assert_answer(scene, "/ok", 200, "hello");
}

static void answer_that_is_no_success_does_not_stream(void **state)
{
	struct scene *scene = *state;
	struct taken taken = {0};
	struct http_request request = {.method = "GET",
	                               .path = "/missing",
	                               .timeout_ms = TIMEOUT_MS,
	                               .on_chunk = take,
	                               .ctx = &taken};

	assert_int_equal(call(scene, &request), 0);
	assert_int_equal(scene->response.status, 404);
	assert_string_equal(scene->response.body, "gone");
	request.path = "/redirect";
	assert_int_equal(call(scene, &request), 0);
	assert_string_equal(scene->response.body, "there");
	assert_int_equal(taken.call_count, 0);
}

static void broken_answers_are_errors(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(get(scene, "/cut"), -EIO);
	assert_int_equal(get(scene, "/chunk-cut"), -EIO);
	assert_int_equal(get(scene, "/nothing"), -EIO);
	assert_int_equal(get(scene, "/chunk-wrong"), -EIO);
	assert_int_equal(get(scene, "/garbage"), -EPROTO);
	assert_answer(scene, "/ok", 200, "hello");
}

static void nobody_listening_is_connection_refused(void **state)
{
	struct scene *scene = *state;
	unsigned port;
	char base[64];

	close(server_listen(&port));
	http_close(scene->http);
	snprintf(base, sizeof(base), "http://127.0.0.1:%u", port);
	scene->http = open_at(base, NULL);
	assert_int_equal(get(scene, "/ok"), -ECONNREFUSED);
	assert_non_null(strstr(scene->err.text, "GET /ok: "));
}

/* Any of these would send the request, and the token, elsewhere. */
static void environment_has_no_say(void **state)
{
	static const char *const proxies[] = {"http_proxy",  "HTTP_PROXY", "https_proxy",
	                                      "HTTPS_PROXY", "all_proxy",  "ALL_PROXY"};
	struct scene *scene = *state;
	char proxy[64], netrc[64];
	unsigned port;
	FILE *file;

	close(server_listen(&port));
	snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%u", port);
	for (size_t i = 0; i < 6; i++)
		setenv(proxies[i], proxy, 1);
	snprintf(netrc, sizeof(netrc), "%s/.netrc", scene->dir);
	file = fopen(netrc, "we");
	assert_non_null(file);
	fputs("machine 127.0.0.1 login someone password secret\n", file);
	fclose(file);
	setenv("HOME", scene->dir, 1);
	assert_answer(scene, "/ok", 200, "hello");
	assert_false(server_saw(scene->server, "Authorization"));
	assert_false(server_saw(scene->server, "Proxy"));
	for (size_t i = 0; i < 6; i++)
		unsetenv(proxies[i]);
	unlink(netrc);
}

static void write_token(const struct scene *scene, const char *text, size_t len)
{
	char path[80];
	FILE *file;

	snprintf(path, sizeof(path), "%s.new", scene->token);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(rename(path, scene->token), 0);
}

static void use_token(struct scene *scene)
{
	char base[64];

	http_close(scene->http);
	snprintf(base, sizeof(base), "http://127.0.0.1:%u//", scene->server->port);
	scene->http = open_at(base, scene->token);
}

static void token_is_read_again_for_each_call(void **state)
{
	struct scene *scene = *state;

	use_token(scene);
	write_token(scene, "first.token", 11);
	assert_answer(scene, "/ok", 200, "hello");
	assert_true(server_saw(scene->server, "GET /ok HTTP/1.1\r\n"));
	assert_true(server_saw(scene->server, "\r\nAuthorization: Bearer first.token\r\n"));
	write_token(scene, "second\n", 7);
	assert_answer(scene, "/ok", 200, "hello");
	assert_true(server_saw(scene->server, "\r\nAuthorization: Bearer second\r\n"));
	/* A second line would be a header of its own. */
	write_token(scene, "third\r\nX-Evil: 1\r\n", 18);
	assert_answer(scene, "/ok", 200, "hello");
	assert_true(server_saw(scene->server, "\r\nAuthorization: Bearer third\r\n"));
	assert_false(server_saw(scene->server, "X-Evil"));
}

static void without_a_token_nothing_is_sent(void **state)
{
	struct scene *scene = *state;
	char *text = malloc(HTTP_TOKEN_BYTES_MAX + 1);

	assert_non_null(text);
	memset(text, 't', HTTP_TOKEN_BYTES_MAX + 1);
	use_token(scene);
	assert_int_equal(get(scene, "/ok"), -ENOENT);
	write_token(scene, "", 0);
	assert_int_equal(get(scene, "/ok"), -EINVAL);
	write_token(scene, "\nlater", 6);
	assert_int_equal(get(scene, "/ok"), -EINVAL);
	write_token(scene, text, HTTP_TOKEN_BYTES_MAX + 1);
	assert_int_equal(get(scene, "/ok"), -EFBIG);
	assert_int_equal(server_count(scene->server, &scene->server->connection_count), 0);
	write_token(scene, text, HTTP_TOKEN_BYTES_MAX);
	assert_answer(scene, "/ok", 200, "hello");
	assert_true(server_saw(scene->server, "tttttt\r\n"));
	free(text);
}

static void path_that_does_not_fit_is_refused(void **state)
{
	struct scene *scene = *state;
	char path[HTTP_URL_BYTES_MAX + 1] = "/ok?";

	memset(path + 4, 'q', sizeof(path) - 5);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(get(scene, path), -ENAMETOOLONG);
	path[HTTP_URL_BYTES_MAX - 64] = '\0';
	assert_answer(scene, path, 200, "hello");
}

static void base_must_be_https_or_this_machine(void **state)
{
	static const char *const good[] = {"https://10.0.0.1:443",
	                                   "https://[fd00::1]:6443",
	                                   "https://kubernetes.default.svc",
	                                   "http://127.0.0.1",
	                                   "http://127.1.2.3:80",
	                                   "http://[::1]:8001",
	                                   "http://127.0.0.1:80/",
	                                   "http://[::1]"};
	static const char *const bad[] = {NULL,
	                                  "",
	                                  "127.0.0.1",
	                                  "https:/127.0.0.1",
	                                  "https://",
	                                  "https:///",
	                                  "https:///x",
	                                  "https://:443",
	                                  "http://",
	                                  "ftp://127.0.0.1",
	                                  "HTTP://10.0.0.1",
	                                  "file:///etc/passwd",
	                                  "http://10.0.0.1",
	                                  "http://localhost",
	                                  "http://127.0.0.1.example.com",
	                                  "http://127.evil",
	                                  "http://1270.0.0.1",
	                                  "http://[::1].example.com",
	                                  "http://[::11]",
	                                  "https://user@10.0.0.1",
	                                  "https://10.0.0.1?x",
	                                  "https://10.0.0.1#x",
	                                  "https://10.0.0.1 x",
	                                  "https://10.0.0.1\r\nX: y",
	                                  " https://10.0.0.1"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		http_close(open_at(good[i], NULL));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct http_settings settings = {.base = bad[i]};
		struct http *http = NULL;
		struct err err = {0};

		assert_int_equal(http_open(&http, &settings, &err), -EINVAL);
		assert_int_equal(err.code, EINVAL);
		assert_null(http);
	}
	http_close(NULL);
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
	        CASE(status_and_body_are_what_the_server_said),
	        CASE(chunks_are_joined),
	        CASE(connection_is_kept_and_made_anew_when_lost),
	        CASE(redirect_is_not_followed),
	        CASE(request_carries_what_it_was_given),
	        CASE(large_body_arrives_whole_without_asking),
	        CASE(body_is_kept_up_to_the_cap_and_no_further),
	        CASE(answer_streams_to_on_chunk_uncounted),
	        CASE(error_of_on_chunk_ends_the_call),
	        CASE(answer_that_is_no_success_does_not_stream),
	        CASE(broken_answers_are_errors),
	        CASE(nobody_listening_is_connection_refused),
	        CASE(environment_has_no_say),
	        CASE(token_is_read_again_for_each_call),
	        CASE(without_a_token_nothing_is_sent),
	        CASE(path_that_does_not_fit_is_refused),
	        cmocka_unit_test(base_must_be_https_or_this_machine),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(cases, init_all, exit_all);
}
