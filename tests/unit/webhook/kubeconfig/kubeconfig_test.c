#include "webhook/kubeconfig/kubeconfig.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "injector/base/err.h"
#include "tests/harness.h"

#define PEM "-----BEGIN X-----\nYQ==\n-----END X-----\n"

struct scene {
	char dir[40], paths[3][64];
	struct kubeconfig config;
	struct err err;
};

static const char *const names[] = {"a",      "b",     "ca.crt", "token", ".kube/config",
                                    "plugin", "secret"};

static int begin(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));
	char kube[64];

	assert_non_null(scene);
	snprintf(scene->dir, sizeof(scene->dir), "/tmp/farguard-kubeconfig-XXXXXX");
	assert_non_null(mkdtemp(scene->dir));
	snprintf(kube, sizeof(kube), "%s/.kube", scene->dir);
	assert_int_equal(mkdir(kube, 0700), 0);
	*state = scene;
	return 0;
}

static int end(void **state)
{
	struct scene *scene = *state;
	char path[80];

	kubeconfig_done(&scene->config);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(path, sizeof(path), "%s/%s", scene->dir, names[i]);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/.kube", scene->dir);
	rmdir(path);
	rmdir(scene->dir);
	free(scene);
	return 0;
}

static void put(const struct scene *scene, const char *name, const char *text)
{
	char path[80];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", scene->dir, name);
	file = fopen(path, "we");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	chmod(path, 0700);
}

static int open_config(struct scene *scene, struct kubeconfig_sources sources)
{
	int r;

	kubeconfig_done(&scene->config);
	scene->err = (struct err){0};
	r = kubeconfig_open(&scene->config, &sources, &scene->err);
	assert_int_equal(scene->err.code, -r);
	return r;
}

static void assert_says(const struct scene *scene, const char *text)
{
	if (!strstr(scene->err.text, text))
		fail_msg("\"%s\" does not say \"%s\"", scene->err.text, text);
}

/* A kubeconfig with the server `server` and what its user says. */
static void put_config(const struct scene *scene, const char *name, const char *server,
                       const char *user)
{
	char text[1024];

	snprintf(text, sizeof(text),
	         "clusters: [{name: c, cluster: {server: %s}}]\nusers:\n- name: u\n  user: {%s}\n"
	         "contexts: [{name: x, context: {cluster: c, user: u}}]\ncurrent-context: x\n",
	         server, user);
	put(scene, name, text);
}

static void files_are_found_as_kubectl_finds_them(void **state)
{
	struct scene *scene = *state;
	char path[80], list[256];

	put_config(scene, "a", "https://a", "");
	put_config(scene, "b", "https://b", "");
	put_config(scene, ".kube/config", "https://home", "");
	snprintf(path, sizeof(path), "%s/b", scene->dir);
	snprintf(list, sizeof(list), ":%s/none::%s/a:%s/b:%s/a", scene->dir, scene->dir, scene->dir,
	         scene->dir);
	assert_int_equal(
	        open_config(scene, (struct kubeconfig_sources){.path = path, .list = list}), 0);
	assert_string_equal(kubeconfig_settings(&scene->config).base, "https://b");
	assert_int_equal(
	        open_config(scene, (struct kubeconfig_sources){.list = list, .home = scene->dir}),
	        0);
	assert_string_equal(kubeconfig_settings(&scene->config).base, "https://a");
	assert_int_equal(scene->config.files.count, 2);
	assert_int_equal(
	        open_config(scene, (struct kubeconfig_sources){.list = "", .home = scene->dir}), 0);
	assert_string_equal(kubeconfig_settings(&scene->config).base, "https://home");
}

static void file_that_is_asked_for_must_be_there(void **state)
{
	struct scene *scene = *state;
	char path[80];

	snprintf(path, sizeof(path), "%s/none", scene->dir);
	assert_int_equal(open_config(scene, (struct kubeconfig_sources){.path = path}), -ENOENT);
	assert_int_equal(open_config(scene, (struct kubeconfig_sources){.list = path}), -ENOENT);
	assert_says(scene, "is there and says something");
	assert_int_equal(open_config(scene, (struct kubeconfig_sources){.home = scene->dir}),
	                 -ENOENT);
	assert_says(scene, ".kube/config is not there, and this is no pod");
	put(scene, "a", "# nothing\n");
	snprintf(path, sizeof(path), "%s/a", scene->dir);
	assert_int_equal(open_config(scene, (struct kubeconfig_sources){.path = path}), -EINVAL);
	assert_says(scene, "empty");
	/* A directory is there, and no file. */
	assert_int_equal(open_config(scene, (struct kubeconfig_sources){.list = scene->dir}),
	                 -EISDIR);
}

static void service_account_is_taken_without_a_kubeconfig(void **state)
{
	struct scene *scene = *state;
	struct kubeconfig_sources sources = {.account_dir = scene->dir, .service_host = "10.0.0.1"};
	struct http_settings settings;
	char path[80];

	assert_int_equal(open_config(scene, sources), -ENOENT);
	assert_says(scene, "the pod's service account");
	put(scene, "token", "t");
	put(scene, "ca.crt", PEM);
	assert_int_equal(open_config(scene, sources), 0);
	settings = kubeconfig_settings(&scene->config);
	assert_string_equal(settings.base, "https://10.0.0.1:443");
	snprintf(path, sizeof(path), "%s/token", scene->dir);
	assert_string_equal(settings.token_file, path);
	snprintf(path, sizeof(path), "%s/ca.crt", scene->dir);
	assert_string_equal(settings.ca_file, path);
	sources.service_host = "fd00::1";
	sources.service_port = "6443";
	assert_int_equal(open_config(scene, sources), 0);
	assert_string_equal(kubeconfig_settings(&scene->config).base, "https://[fd00::1]:6443");
	sources.context = "x";
	assert_int_equal(open_config(scene, sources), -EINVAL);
	assert_says(scene, "--context x: there is no kubeconfig");
}

static void files_that_it_names_are_read_or_named(void **state)
{
	struct scene *scene = *state;
	struct http_settings settings;
	char path[80];

	put_config(scene, "a", "\"https://h\", certificate-authority: ca.crt",
	           "client-certificate: ca.crt, client-key: secret");
	snprintf(path, sizeof(path), "%s/a", scene->dir);
	assert_int_equal(open_config(scene, (struct kubeconfig_sources){.path = path}), -EINVAL);
	assert_says(scene, "/a:1:76: certificate-authority: ");
	assert_says(scene, "/ca.crt: No such file");
	put(scene, "ca.crt", PEM);
	put(scene, "secret", "no key");
	assert_int_equal(open_config(scene, (struct kubeconfig_sources){.path = path}), -EINVAL);
	assert_says(scene, "client-key is no PEM");
	put(scene, "secret", PEM "x");
	assert_int_equal(open_config(scene, (struct kubeconfig_sources){.path = path}), 0);
	settings = kubeconfig_settings(&scene->config);
	assert_int_equal(settings.ca.len, strlen(PEM));
	assert_int_equal(settings.cert.len, strlen(PEM));
	assert_int_equal(settings.key.len, strlen(PEM) + 1);
	assert_null(settings.ca_file);
}

static void token_file_is_newer_than_the_token(void **state)
{
	struct scene *scene = *state;
	char path[80];

	put_config(scene, "a", "\"https://h\"", "token: t, tokenFile: token");
	snprintf(path, sizeof(path), "%s/a", scene->dir);
	assert_int_equal(open_config(scene, (struct kubeconfig_sources){.path = path}), 0);
	assert_string_equal(kubeconfig_settings(&scene->config).token, "t");
	assert_null(kubeconfig_settings(&scene->config).token_file);
	put(scene, "token", "newer");
	assert_int_equal(open_config(scene, (struct kubeconfig_sources){.path = path}), 0);
	assert_null(kubeconfig_settings(&scene->config).token);
	assert_non_null(kubeconfig_settings(&scene->config).token_file);
	put_config(scene, "a", "\"https://h\"", "tokenFile: none");
	assert_int_equal(open_config(scene, (struct kubeconfig_sources){.path = path}), -EINVAL);
	assert_says(scene, "/a:4:21: tokenFile: ");
	assert_says(scene, "/none: No such file");
}

static void proxy_is_the_cluster_s_or_the_environment_s(void **state)
{
	struct scene *scene = *state;
	struct kubeconfig_sources sources = {.proxy = "http://p:1", .no_proxy = "n"};
	char path[80];

	snprintf(path, sizeof(path), "%s/a", scene->dir);
	sources.path = path;
	put_config(scene, "a", "\"https://h\", proxy-url: \"socks5://q:2\"", "");
	assert_int_equal(open_config(scene, sources), 0);
	assert_string_equal(kubeconfig_settings(&scene->config).proxy, "socks5://q:2");
	assert_null(kubeconfig_settings(&scene->config).no_proxy);
	put_config(scene, "a", "\"https://h\"", "");
	assert_int_equal(open_config(scene, sources), 0);
	assert_string_equal(kubeconfig_settings(&scene->config).proxy, "http://p:1");
	assert_string_equal(kubeconfig_settings(&scene->config).no_proxy, "n");
	put_config(scene, "a", "\"https://127.0.0.1:6443\"", "");
	assert_int_equal(open_config(scene, sources), 0);
	assert_null(kubeconfig_settings(&scene->config).proxy);
}

#define EXEC                                                                                       \
	"exec: {apiVersion: client.authentication.k8s.io/v1, command: ./plugin, installHint: "     \
	"\"get it\"}"

static void plugin_is_run_unless_there_is_a_token(void **state)
{
	struct scene *scene = *state;
	char path[80];

	snprintf(path, sizeof(path), "%s/a", scene->dir);
	put_config(scene, "a", "\"https://h\"", EXEC);
	assert_int_equal(open_config(scene, (struct kubeconfig_sources){.path = path}), -EACCES);
	assert_says(scene, "plugin cannot be started: No such file");
	assert_string_equal(scene->config.hint, "get it");
	put(scene, "plugin",
	    "#!/bin/sh\necho '{\"kind\":\"ExecCredential\",\"apiVersion\":"
	    "\"client.authentication.k8s.io/v1\",\"status\":{\"token\":\"made\","
	    "\"clientCertificateData\":\"c\",\"clientKeyData\":\"k\"}}'\n");
	assert_int_equal(open_config(scene, (struct kubeconfig_sources){.path = path}), 0);
	assert_string_equal(kubeconfig_settings(&scene->config).token, "made");
	assert_int_equal(kubeconfig_settings(&scene->config).cert.len, 1);
	put_config(scene, "a", "\"https://h\"", EXEC ", token: own");
	assert_int_equal(open_config(scene, (struct kubeconfig_sources){.path = path}), 0);
	assert_string_equal(kubeconfig_settings(&scene->config).token, "own");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

TEST_MAIN(CASE(files_are_found_as_kubectl_finds_them), CASE(file_that_is_asked_for_must_be_there),
          CASE(service_account_is_taken_without_a_kubeconfig),
          CASE(files_that_it_names_are_read_or_named), CASE(token_file_is_newer_than_the_token),
          CASE(proxy_is_the_cluster_s_or_the_environment_s),
          CASE(plugin_is_run_unless_there_is_a_token))
