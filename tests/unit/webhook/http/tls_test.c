#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "injector/base/err.h"
#include "tests/harness.h"
#include "webhook/http/http.h"

/* openssl(1) makes the authorities and serves: the module under test has no TLS server. */
extern char **environ;

struct scene {
	char dir[32];
	pid_t server; /* 0: none */
	unsigned port;
};

static const char *const files[] = {"a.pem", "a.key", "b.pem", "b.key", "ca.pem", "out", "token"};

static const char *in(const struct scene *scene, const char *file)
{
	static char paths[4][64];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", scene->dir, file);
	return path;
}

static pid_t start(const struct scene *scene, const char *const *args)
{
	posix_spawn_file_actions_t actions;
	pid_t pid = 0;
	int r;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 1, in(scene, "out"),
	                                 O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
	posix_spawn_file_actions_adddup2(&actions, 1, 2);
	r = posix_spawnp(&pid, args[0], &actions, NULL, (char *const *)(uintptr_t)args, environ);
	posix_spawn_file_actions_destroy(&actions);
	assert_int_equal(r, 0);
	return pid;
}

static void make_authority(const struct scene *scene, const char *key, const char *crt,
                           const char *subject, const char *san)
{
	const char *const args[] = {"openssl",
	                            "req",
	                            "-x509",
	                            "-newkey",
	                            "ec",
	                            "-pkeyopt",
	                            "ec_paramgen_curve:P-256",
	                            "-nodes",
	                            "-days",
	                            "2",
	                            "-subj",
	                            subject,
	                            "-addext",
	                            san,
	                            "-keyout",
	                            in(scene, key),
	                            "-out",
	                            in(scene, crt),
	                            NULL};
	pid_t pid = start(scene, args);
	int status = -1;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void nap(void)
{
	struct timespec time = {.tv_nsec = 20000000};

	nanosleep(&time, NULL);
}

/* The port stands in what it prints: "ACCEPT 127.0.0.1:PORT". */
static unsigned read_port(const struct scene *scene)
{
	char text[512];
	FILE *file = fopen(in(scene, "out"), "re");
	size_t len = file ? fread(text, 1, sizeof(text) - 1, file) : 0;
	const char *port;

	if (file)
		fclose(file);
	text[len] = '\0';
	port = strstr(text, "ACCEPT 127.0.0.1:");
	return port && strchr(port, '\n') ? (unsigned)strtoul(port + 17, NULL, 10) : 0;
}

/* Under timeout(1): a test that crashes leaves no server behind. */
static void serve(struct scene *scene, const char *crt, const char *key)
{
	const char *const args[] = {"timeout", "60",           "openssl", "s_server",
	                            "-accept", "127.0.0.1:0",  "-cert",   in(scene, crt),
	                            "-key",    in(scene, key), "-www",    NULL};

	unlink(in(scene, "out"));
	scene->server = start(scene, args);
	for (int i = 0; i < 500 && !(scene->port = read_port(scene)); i++)
		nap();
	assert_int_not_equal(scene->port, 0);
}

static void stop_serving(struct scene *scene)
{
	if (scene->server == 0)
		return;
	kill(scene->server, SIGTERM);
	waitpid(scene->server, NULL, 0);
	scene->server = 0;
}

static int begin(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	assert_non_null(scene);
	*state = scene;
	snprintf(scene->dir, sizeof(scene->dir), "/tmp/farguard-tls-XXXXXX");
	assert_non_null(mkdtemp(scene->dir));
	make_authority(scene, "a.key", "a.pem", "/CN=a", "subjectAltName=IP:127.0.0.1");
	make_authority(scene, "b.key", "b.pem", "/CN=b", "subjectAltName=IP:127.0.0.1");
	return 0;
}

static int end(void **state)
{
	struct scene *scene = *state;

	stop_serving(scene);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		unlink(in(scene, files[i]));
	rmdir(scene->dir);
	free(scene);
	return 0;
}

/* As the kubelet does it: another file takes the name. */
static void trust(const struct scene *scene, const char *crt)
{
	unlink(in(scene, "ca.pem"));
	assert_int_equal(link(in(scene, crt), in(scene, "ca.pem")), 0);
}

static struct http *client(const struct scene *scene, const char *scheme)
{
	char base[64];
	struct http_settings settings = {.base = base};
	struct err err = {0};
	struct http *http = NULL;

	snprintf(base, sizeof(base), "%s://127.0.0.1:%u", scheme, scene->port);
	if (strcmp(scheme, "https") == 0)
		settings.ca_file = in(scene, "ca.pem");
	assert_int_equal(http_open(&http, &settings, &err), 0);
	return http;
}

static int get(struct http *http)
{
	struct http_request request = {.method = "GET", .path = "/", .timeout_ms = 20000};
	struct http_response response = {0};
	struct err err = {0};
	int r = http_call(http, &request, &response, &err);

	if (r == 0) {
		assert_int_equal(response.status, 200);
		assert_non_null(strstr(response.body, "Ciphers supported"));
	} else {
		assert_int_equal(response.status, 0);
	}
	http_response_done(&response);
	return r;
}

static void server_of_the_authority_is_accepted_and_no_other(void **state)
{
	struct scene *scene = *state;
	struct http *http;

	serve(scene, "a.pem", "a.key");
	trust(scene, "a.pem");
	http = client(scene, "https");
	assert_int_equal(get(http), 0);
	http_close(http);
	trust(scene, "b.pem");
	http = client(scene, "https");
	assert_int_equal(get(http), -EPROTO);
	http_close(http);
}

/* A cluster may change its authority while the webhook runs. */
static void authority_is_read_again_for_each_connection(void **state)
{
	struct scene *scene = *state;
	struct http *http;

	serve(scene, "a.pem", "a.key");
	trust(scene, "a.pem");
	http = client(scene, "https");
	assert_int_equal(get(http), 0);
	trust(scene, "b.pem");
	assert_int_equal(get(http), -EPROTO);
	trust(scene, "a.pem");
	assert_int_equal(get(http), 0);
	http_close(http);
}

static void authority_that_is_missing_or_none_is_an_error(void **state)
{
	struct scene *scene = *state;
	struct http *http;

	serve(scene, "a.pem", "a.key");
	http = client(scene, "https");
	assert_int_equal(get(http), -EPROTO);
	trust(scene, "a.key");
	assert_int_equal(get(http), -EPROTO);
	trust(scene, "a.pem");
	assert_int_equal(get(http), 0);
	http_close(http);
}

static void certificate_for_another_address_is_refused(void **state)
{
	struct scene *scene = *state;
	struct http *http;

	make_authority(scene, "a.key", "a.pem", "/CN=127.0.0.1", "subjectAltName=IP:127.0.0.2");
	serve(scene, "a.pem", "a.key");
	trust(scene, "a.pem");
	http = client(scene, "https");
	assert_int_equal(get(http), -EPROTO);
	http_close(http);
}

static void tls_and_none_do_not_meet(void **state)
{
	struct scene *scene = *state;
	struct http *http;

	serve(scene, "a.pem", "a.key");
	http = client(scene, "http");
	assert_true(get(http) < 0);
	http_close(http);
}

static void proxy_of_the_environment_is_ignored(void **state)
{
	struct scene *scene = *state;
	struct http *http;

	serve(scene, "a.pem", "a.key");
	trust(scene, "a.pem");
	setenv("https_proxy", "http://127.0.0.1:1", 1);
	http = client(scene, "https");
	assert_int_equal(get(http), 0);
	http_close(http);
	unsetenv("https_proxy");
}

static int init_all(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN); /* as the programs do: OpenSSL writes without MSG_NOSIGNAL */
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
	        CASE(server_of_the_authority_is_accepted_and_no_other),
	        CASE(authority_is_read_again_for_each_connection),
	        CASE(authority_that_is_missing_or_none_is_an_error),
	        CASE(certificate_for_another_address_is_refused),
	        CASE(tls_and_none_do_not_meet),
	        CASE(proxy_of_the_environment_is_ignored),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(cases, init_all, exit_all);
}
