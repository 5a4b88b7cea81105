#include "webhook/http/peer.h"

#include <errno.h>

#include "injector/base/err.h"
#include "tests/harness.h"
#include "tests/unit/webhook/http/server.h"
#include "webhook/http/http.h"

/* What a client with `settings` sends: true when the server saw `text`. */
static bool sends(struct http_settings settings, const char *text)
{
	struct server *server = server_open();
	struct http_request request = {.method = "GET", .path = "/ok", .timeout_ms = 20000};
	struct http_response response = {0};
	struct http *http = NULL;
	struct err err = {0};
	char base[64];
	bool saw;

	snprintf(base, sizeof(base), "http://127.0.0.1:%u", server->port);
	settings.base = base;
	assert_int_equal(http_open(&http, &settings, &err), 0);
	assert_int_equal(http_call(http, &request, &response, &err), 0);
	assert_int_equal(response.status, 200);
	saw = server_saw(server, text);
	http_response_done(&response);
	http_close(http);
	server_close(server);
	return saw;
}

static void credentials_become_headers(void **state)
{
	static const char *const lines[] = {"Impersonate-User: jane", "Impersonate-Group: a", NULL};

	(void)state;
	assert_true(sends((struct http_settings){.token = "abc.def"},
	                  "\r\nAuthorization: Bearer abc.def\r\n"));
	assert_true(sends((struct http_settings){.username = "jane", .password = "s:x"},
	                  "\r\nAuthorization: Basic amFuZTpzOng=\r\n"));
	assert_true(sends((struct http_settings){.username = "jane"},
	                  "\r\nAuthorization: Basic amFuZTo=\r\n"));
	assert_true(sends((struct http_settings){.headers = lines},
	                  "\r\nImpersonate-User: jane\r\nImpersonate-Group: a\r\n"));
	assert_true(
	        sends((struct http_settings){.user_agent = "me/1"}, "\r\nUser-Agent: me/1\r\n"));
	assert_false(sends((struct http_settings){0}, "Authorization"));
}

static int opens(struct http_settings settings)
{
	struct http *http = NULL;
	struct err err = {0};
	int r;

	settings.base = "https://127.0.0.1:1";
	r = http_open(&http, &settings, &err);
	assert_int_equal(err.code, -r);
	http_close(http);
	return r;
}

static void credential_that_would_be_two_headers_is_refused(void **state)
{
	static const char *const lines[] = {"A: b\r\nC: d", NULL};
	char token[HTTP_TOKEN_BYTES_MAX + 2];

	(void)state;
	assert_int_equal(opens((struct http_settings){.token = "a\nX: y"}), -EINVAL);
	assert_int_equal(opens((struct http_settings){.token = "a\r"}), -EINVAL);
	assert_int_equal(opens((struct http_settings){.headers = lines}), -EINVAL);
	memset(token, 'x', sizeof(token));
	token[sizeof(token) - 1] = '\0';
	assert_int_equal(opens((struct http_settings){.token = token}), -EFBIG);
	token[sizeof(token) - 2] = '\0';
	assert_int_equal(opens((struct http_settings){.token = token}), 0);
}

static void server_name_must_be_one(void **state)
{
	(void)state;
	assert_int_equal(opens((struct http_settings){.server_name = "kubernetes.default"}), 0);
	assert_int_equal(opens((struct http_settings){.server_name = "a/b"}), -EINVAL);
	assert_int_equal(opens((struct http_settings){.server_name = "a:1"}), -EINVAL);
	assert_int_equal(opens((struct http_settings){.server_name = "a\nb"}), -EINVAL);
}

static void assert_redirected(const char *base, const char *url, const char *connect,
                              const char *host)
{
	struct http_settings settings = {.base = base, .server_name = "name"};
	struct peer peer = {0};
	struct err err = {0};
	char *made = peer_base(&settings);

	assert_string_equal(made, url);
	assert_int_equal(peer_init(&peer, &settings, &err), 0);
	assert_string_equal(peer.connect_to->data, connect);
	assert_string_equal(peer.headers->data, host);
	peer_done(&peer);
	free(made);
}

static void server_name_stands_in_the_url_and_the_address_behind_it(void **state)
{
	(void)state;
	assert_redirected("https://10.0.0.1:6443", "https://name:6443", "name:6443:10.0.0.1:6443",
	                  "Host: 10.0.0.1:6443");
	assert_redirected("https://h/k8s/c-1", "https://name:443/k8s/c-1", "name:443:h:443",
	                  "Host: h:443");
	assert_redirected("https://[fd00::1]:6443/", "https://name:6443/",
	                  "name:6443:[fd00::1]:6443", "Host: [fd00::1]:6443");
	assert_redirected("https://[fd00::1]", "https://name:443", "name:443:[fd00::1]:443",
	                  "Host: [fd00::1]:443");
}

TEST_MAIN(cmocka_unit_test(credentials_become_headers),
          cmocka_unit_test(credential_that_would_be_two_headers_is_refused),
          cmocka_unit_test(server_name_must_be_one),
          cmocka_unit_test(server_name_stands_in_the_url_and_the_address_behind_it))
