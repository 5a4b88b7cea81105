#include "webhook/kubeconfig/kubeconfig.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "injector/base/base64.h"
#include "injector/base/err.h"
#include "injector/base/own.h"
#include "injector/base/version.h"
#include "webhook/kube/json.h"
#include "webhook/kubeconfig/field.h"

static const char *either(const char *name, const char *other)
{
	const char *value = getenv(name);

	return value && *value ? value : getenv(other);
}

struct kubeconfig_sources kubeconfig_sources(void)
{
	return (struct kubeconfig_sources){
	        .list = getenv("KUBECONFIG"),
	        .home = getenv("HOME"),
	        .account_dir = KUBECONFIG_ACCOUNT_DIR,
	        .proxy = either("HTTPS_PROXY", "https_proxy"),
	        .no_proxy = either("NO_PROXY", "no_proxy"),
	        .service_host = getenv("KUBERNETES_SERVICE_HOST"),
	        .service_port = getenv("KUBERNETES_SERVICE_PORT"),
	};
}

/* One file of a list: kubectl passes over those that are not there. */
static int add_listed(struct files *files, struct str path, struct err *err)
{
	CLEANUP(mem_freep) char *name = strndup(path.ptr, path.len);
	struct err own = {0};
	int r;

	if (!name)
		return err_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < files->count; i++)
		if (strcmp(files->items[i].name, name) == 0)
			return 0;
	r = files_add(files, name, &own);
	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	if (r < 0)
		*err = own;
	return r;
}

static int add_list(struct files *files, const char *list, struct err *err)
{
	struct str rest = {list, strlen(list)};
	int r = 0;

	while (r == 0 && rest.len) {
		struct str path = str_cut(&rest, ':');

		if (path.len)
			r = add_listed(files, path, err);
	}
	return r;
}

static int add_of_home(struct files *files, const char *home, struct err *err)
{
	CLEANUP(mem_freep) char *path = NULL;

	if (asprintf(&path, "%s/.kube/config", home) < 0) {
		path = NULL;
		return err_set(err, ENOMEM, "out of memory");
	}
	return add_listed(files, (struct str){path, strlen(path)}, err);
}

static int find_files(struct files *files, const struct kubeconfig_sources *sources,
                      struct err *err)
{
	if (sources->path)
		return files_add(files, sources->path, err);
	if (sources->list && *sources->list)
		return add_list(files, sources->list, err);
	return sources->home && *sources->home ? add_of_home(files, sources->home, err) : 0;
}

/* kubectl takes files that say nothing as no files. */
static bool says_something(const struct files *files)
{
	for (size_t i = 0; i < files->count; i++)
		if (files->items[i].root)
			return true;
	return false;
}

static int no_config(const struct kubeconfig_sources *sources, struct err *err)
{
	if (sources->list && *sources->list)
		return err_set(err, ENOENT,
		               "no kubeconfig: no file of KUBECONFIG (%.80s) is there and says "
		               "something, and this is no pod; give one by --kubeconfig FILE",
		               sources->list);
	return err_set(err, ENOENT,
	               "no kubeconfig: %.80s/.kube/config is not there, and this is no pod; give "
	               "one by --kubeconfig FILE or KUBECONFIG",
	               sources->home ? sources->home : "~");
}

/* The API server of the pod that this runs in. */
static int open_account(struct kubeconfig *config, const struct kubeconfig_sources *sources,
                        struct err *err)
{
	const char *host = sources->service_host, *dir = sources->account_dir;
	const char *port =
	        sources->service_port && *sources->service_port ? sources->service_port : "443";
	bool v6 = host && strchr(host, ':');

	if (!host || !*host || !dir)
		return no_config(sources, err);
	if (asprintf(&config->account[0], "https://%s%s%s:%s", v6 ? "[" : "", host, v6 ? "]" : "",
	             port) < 0 ||
	    asprintf(&config->account[1], "%s/ca.crt", dir) < 0 ||
	    asprintf(&config->account[2], "%s/token", dir) < 0)
		return err_set(err, ENOMEM, "out of memory");
	if (access(config->account[2], R_OK) < 0)
		return err_set(err, errno, "the pod's service account: %.120s: %s",
		               config->account[2], strerror(errno));
	if (sources->context)
		return err_set(err, EINVAL,
		               "--context %.60s: there is no kubeconfig, only the pod's "
		               "service account",
		               sources->context);
	config->choice.server = config->account[0];
	config->choice.token_path = config->account[2];
	return 0;
}

/* PEM out of the file that `pem` names; it is `pem`'s bytes from then on. */
static int load(struct choice_pem *pem, const char *key, char **out, struct err *err)
{
	size_t len;
	int r;

	if (!pem->path)
		return 0;
	r = files_read(pem->path, KUBECONFIG_PEM_BYTES_MAX, out, &len, err);
	if (r < 0) {
		struct err cause = *err;

		return field_error((struct entry){pem->where.file, node_get(pem->where.node, key)},
		                   err, "%s: %.150s", key, cause.text);
	}
	pem->bytes = (struct str){*out, len};
	return 0;
}

static int check_pem(const struct choice_pem *pem, const char *what, struct err *err)
{
	if (!pem->bytes.len || memmem(pem->bytes.ptr, pem->bytes.len, "-----BEGIN ", 11))
		return 0;
	return field_error(pem->where, err, "%s is no PEM (-----BEGIN ...)", what);
}

/* The file's content is newer than a token beside it. */
static int check_token(struct choice *choice, struct err *err)
{
	if (!choice->token_path)
		return 0;
	if (access(choice->token_path, R_OK) == 0) {
		choice->token = NULL;
		return 0;
	}
	if (!choice->token)
		return field_error(
		        (struct entry){choice->user.file, node_get(choice->user.node, "tokenFile")},
		        err, "tokenFile: %.120s: %s", choice->token_path, strerror(errno));
	choice->token_path = NULL;
	return 0;
}

static int load_files(struct kubeconfig *config, struct err *err)
{
	struct choice *choice = &config->choice;
	int r = load(&choice->ca, "certificate-authority", &config->ca, err);

	if (r == 0)
		r = load(&choice->cert, "client-certificate", &config->cert, err);
	if (r == 0)
		r = load(&choice->key, "client-key", &config->key, err);
	if (r == 0)
		r = check_token(choice, err);
	if (r == 0)
		r = check_pem(&choice->ca, "certificate-authority", err);
	if (r == 0)
		r = check_pem(&choice->cert, "client-certificate", err);
	if (r == 0)
		r = check_pem(&choice->key, "client-key", err);
	return r;
}

static void put(struct json_object *object, const char *key, const char *value)
{
	if (value)
		json_object_object_add(object, key, json_object_new_string(value));
}

/* What a plugin is told of the cluster: pkg/apis/clientauthentication, type Cluster. */
static struct json_object *describe(const struct choice *choice)
{
	CLEANUP(json_putp) struct json_object *cluster = json_object_new_object();
	CLEANUP(mem_freep) char *text = NULL;
	struct json_object *config = NULL;

	if (!cluster)
		return NULL;
	put(cluster, "server", choice->server);
	put(cluster, "tls-server-name", choice->server_name);
	put(cluster, "proxy-url", choice->proxy);
	if (choice->is_insecure)
		json_object_object_add(cluster, "insecure-skip-tls-verify",
		                       json_object_new_boolean(true));
	if (choice->ca.bytes.len) {
		text = calloc(1, BASE64_BYTES(choice->ca.bytes.len) + 1);
		if (!text)
			return NULL;
		base64_format(choice->ca.bytes.ptr, choice->ca.bytes.len, text);
		put(cluster, "certificate-authority-data", text);
	}
	if (choice->config && node_to_json(choice->config, &config) < 0)
		return NULL;
	json_object_object_add(cluster, "config", config);
	return TAKE(cluster);
}

static int run_plugin(struct kubeconfig *config, struct err *err)
{
	struct choice *choice = &config->choice;
	CLEANUP(json_putp) struct json_object *cluster = NULL;
	struct err cause = {0};
	int r;

	/* As kubectl: a user's own token or password is used, and no plugin asked. */
	if (!choice->has_plugin || choice->token || choice->token_path || choice->username)
		return 0;
	cluster = describe(choice);
	if (!cluster)
		return err_set(err, ENOMEM, "out of memory");
	r = plugin_run(&choice->plugin, cluster, &config->credential, &cause);
	if (r == 0)
		return 0;
	if (choice->plugin.hint)
		snprintf(config->hint, sizeof(config->hint), "%s", choice->plugin.hint);
	field_error(choice->exec, err, "%.180s", cause.text);
	err->code = r == -ENOMEM ? ENOMEM : EACCES;
	return -err->code;
}

int kubeconfig_open(struct kubeconfig *config, const struct kubeconfig_sources *sources,
                    struct err *err)
{
	int r;

	*config = (struct kubeconfig){.proxy = sources->proxy, .no_proxy = sources->no_proxy};
	r = find_files(&config->files, sources, err);
	if (r < 0)
		return r;
	if (!says_something(&config->files))
		return sources->path ? err_set(err, EINVAL, "%.150s: empty", sources->path)
		                     : open_account(config, sources, err);
	r = choice_make(&config->choice, &config->files, sources->context, err);
	if (r == 0)
		r = load_files(config, err);
	return r == 0 ? run_plugin(config, err) : r;
}

static void wipe(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

void kubeconfig_done(struct kubeconfig *config)
{
	credential_done(&config->credential);
	choice_done(&config->choice);
	files_done(&config->files);
	free(config->ca);
	free(config->cert);
	wipe(config->key);
	for (size_t i = 0; i < sizeof(config->account) / sizeof(*config->account); i++)
		free(config->account[i]);
	*config = (struct kubeconfig){0};
}

/* Go's clients never ask a proxy for this machine. */
static bool is_near(const char *server)
{
	return strncmp(server, "https://", 8) != 0 || strncmp(server + 8, "127.", 4) == 0 ||
	       strncmp(server + 8, "localhost", 9) == 0 || strncmp(server + 8, "[::1]", 5) == 0;
}

struct http_settings kubeconfig_settings(const struct kubeconfig *config)
{
	const struct choice *choice = &config->choice;
	const struct credential *credential = &config->credential;
	struct http_settings settings = {
	        .base = choice->server,
	        .ca_file = config->account[1],
	        .token_file = choice->token_path,
	        .ca = choice->ca.bytes,
	        .cert = choice->cert.bytes,
	        .key = choice->key.bytes,
	        .token = credential->token ? credential->token : choice->token,
	        .username = choice->username,
	        .password = choice->password,
	        .server_name = choice->server_name,
	        .is_insecure = choice->is_insecure,
	        .user_agent = "farguardctl/" FARGUARD_VERSION,
	        .headers = choice->headers,
	};

	if (choice->proxy) {
		settings.proxy = choice->proxy;
	} else if (!is_near(choice->server)) {
		settings.proxy = config->proxy;
		settings.no_proxy = config->no_proxy;
	}
	if (credential->cert) {
		settings.cert = (struct str){credential->cert, strlen(credential->cert)};
		settings.key = (struct str){credential->key, strlen(credential->key)};
	}
	return settings;
}
