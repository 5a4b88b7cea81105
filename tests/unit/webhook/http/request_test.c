/* What a caller says about one request, and what it may read of the answer's head. */
#include <errno.h>

#include "injector/base/err.h"
#include "tests/harness.h"
#include "tests/unit/webhook/http/server.h"
#include "webhook/http/http.h"

#define TIMEOUT_MS 20000L

struct scene {
	struct server *server;
	struct http *http;
	struct http_response response;
	struct err err;
};

static int begin(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));
	struct http_settings settings = {0};
	char base[64];

	assert_non_null(scene);
	scene->server = server_open();
	snprintf(base, sizeof(base), "http://127.0.0.1:%u", scene->server->port);
	settings.base = base;
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

static int call(struct scene *scene, struct http_request request)
{
	request.timeout_ms = TIMEOUT_MS;
	http_response_done(&scene->response);
	scene->err = (struct err){0};
	return http_call(scene->http, &request, &scene->response, &scene->err);
}

static void headers_of_the_call_are_sent_once(void **state)
{
	static const char *const lines[] = {"Authorization: Basic QQ==", "X-Amz-Target: T", NULL};
	static const char *const two[] = {"A: b\r\nC: d", NULL};
	struct scene *scene = *state;

	assert_int_equal(call(scene, (struct http_request){.method = "GET",
	                                                   .path = "/ok",
	                                                   .accept = "a/b, c/d",
	                                                   .headers = lines}),
	                 0);
	assert_true(server_saw(scene->server, "\r\nAuthorization: Basic QQ==\r\n"));
	assert_true(server_saw(scene->server, "\r\nX-Amz-Target: T\r\n"));
	assert_true(server_saw(scene->server, "\r\nAccept: a/b, c/d\r\n"));
	assert_false(server_saw(scene->server, "application/json"));
	assert_int_equal(call(scene, (struct http_request){.method = "GET", .path = "/ok"}), 0);
	assert_false(server_saw(scene->server, "Authorization"));
	assert_int_equal(
	        call(scene, (struct http_request){.method = "GET", .path = "/ok", .headers = two}),
	        -EINVAL);
}

static void head_has_no_body(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(call(scene, (struct http_request){.method = "HEAD", .path = "/head"}), 0);
	assert_int_equal(scene->response.status, 200);
	assert_int_equal(scene->response.len, 0);
	assert_true(server_saw(scene->server, "HEAD /head HTTP/1.1\r\n"));
	assert_int_equal(call(scene, (struct http_request){.method = "GET", .path = "/ok"}), 0);
	assert_string_equal(scene->response.body, "hello");
	assert_int_equal(server_count(scene->server, &scene->server->connection_count), 1);
}

static void headers_of_the_answer_are_found_by_name(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(call(scene, (struct http_request){.method = "GET", .path = "/named"}), 0);
	assert_string_equal(http_header(scene->http, "WWW-Authenticate", 0), "Basic realm=\"a\"");
	assert_string_equal(http_header(scene->http, "Www-authenticate", 1), "Bearer realm=\"b\"");
	assert_null(http_header(scene->http, "WWW-Authenticate", 2));
	assert_null(http_header(scene->http, "Location", 0));
	/* Those of the answer before are gone. */
	assert_int_equal(call(scene, (struct http_request){.method = "GET", .path = "/ok"}), 0);
	assert_null(http_header(scene->http, "WWW-Authenticate", 0));
}

static void head_without_end_is_too_large(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(
	        call(scene, (struct http_request){.method = "GET", .path = "/names-without-end"}),
	        -EFBIG);
	assert_int_equal(call(scene, (struct http_request){.method = "GET", .path = "/ok"}), 0);
}

static void address_of_this_machine_is_not_connected_to(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(
	        call(scene,
	             (struct http_request){.method = "GET", .path = "/ok", .remote_only = true}),
	        -ECONNREFUSED);
	assert_int_equal(server_count(scene->server, &scene->server->connection_count), 0);
	assert_int_equal(call(scene, (struct http_request){.method = "GET", .path = "/ok"}), 0);
}

static void turned_client_asks_another_server(void **state)
{
	struct scene *scene = *state;
	struct server *other = server_open();
	char base[64];

	assert_int_equal(call(scene, (struct http_request){.method = "GET", .path = "/ok"}), 0);
	snprintf(base, sizeof(base), "http://127.0.0.1:%u/", other->port);
	assert_int_equal(http_turn(scene->http, base, &scene->err), 0);
	assert_int_equal(call(scene, (struct http_request){.method = "GET", .path = "/ok"}), 0);
	assert_int_equal(server_count(other, &other->request_count), 1);
	assert_int_equal(server_count(scene->server, &scene->server->request_count), 1);
	assert_int_equal(http_turn(scene->http, "http://example.com", &scene->err), -EINVAL);
	assert_int_equal(http_turn(scene->http, NULL, &scene->err), -EINVAL);
	/* It stays where it was. */
	assert_int_equal(call(scene, (struct http_request){.method = "GET", .path = "/ok"}), 0);
	assert_int_equal(server_count(other, &other->request_count), 2);
	server_close(other);
}

/* That the signature is right is shown by tests/case/registry_test.py, with an implementation of
 * its own. */
static void signed_request_names_its_region_and_service(void **state)
{
	static const struct http_aws aws = {"eu-central-1", "ecr", "AKIDEXAMPLE", "secret"};
	struct scene *scene = *state;

	assert_int_equal(call(scene, (struct http_request){.method = "POST",
	                                                   .path = "/ok",
	                                                   .type = "application/x-amz-json-1.1",
	                                                   .body = "{}",
	                                                   .body_len = 2,
	                                                   .aws = &aws}),
	                 0);
	assert_true(server_saw(scene->server, "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"));
	assert_true(server_saw(scene->server, "/eu-central-1/ecr/aws4_request"));
	assert_false(server_saw(scene->server, "expect"));
	assert_false(server_saw(scene->server, "secret"));
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
	        CASE(headers_of_the_call_are_sent_once),
	        CASE(head_has_no_body),
	        CASE(headers_of_the_answer_are_found_by_name),
	        CASE(head_without_end_is_too_large),
	        CASE(address_of_this_machine_is_not_connected_to),
	        CASE(turned_client_asks_another_server),
	        CASE(signed_request_names_its_region_and_service),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(cases, init_all, exit_all);
}
