#include "webhook/ctl/cluster.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "injector/base/err.h"
#include "injector/base/own.h"
#include "webhook/ctl/options.h"
#include "webhook/ctl/settings.h"
#include "webhook/kube/api.h"
#include "webhook/kube/json.h"

#define OUR_CONFIG_MAP "farguard"
#define OUR_CONFIG_KEY "farguard.yaml"

enum exits cluster_failed(const struct err *err)
{
	exits_say("%s", err->text);
	if (err->code == EACCES && strstr(err->text, ": 401"))
		exits_say("the API server does not accept the credentials: log in again, or choose "
		          "others by --context");
	else if (err->code == EACCES)
		exits_say("what rights are needed stands in farguardctl(1), under check");
	return err->code == ENOMEM ? EXITS_INTERNAL : EXITS_CLUSTER;
}

/* A credential that cannot be had is the cluster's failure, a file that is wrong is bad input. */
static enum exits find(struct cluster *cluster, const struct options *options)
{
	struct kubeconfig_sources sources = kubeconfig_sources();
	struct err err = {0};
	int r;

	sources.path = options->kubeconfig;
	sources.context = options->context;
	r = kubeconfig_open(&cluster->config, &sources, &err);
	if (r == 0)
		return EXITS_DONE;
	exits_say("%s", err.text);
	if (*cluster->config.hint)
		exits_say("%s", cluster->config.hint);
	if (r == -ENOMEM)
		return EXITS_INTERNAL;
	return r == -EACCES && cluster->config.choice.has_plugin ? EXITS_CLUSTER : EXITS_INPUT;
}

enum exits cluster_open(struct cluster *cluster, const struct options *options)
{
	struct http_settings settings;
	struct err err = {0};
	enum exits status;
	int minor;

	*cluster = (struct cluster){0};
	if (http_init() < 0) {
		exits_say("out of memory");
		return EXITS_INTERNAL;
	}
	status = find(cluster, options);
	if (status != EXITS_DONE)
		return status;
	settings = kubeconfig_settings(&cluster->config);
	if (settings.is_insecure)
		exits_say("insecure-skip-tls-verify: anybody may answer for %.150s", settings.base);
	if (http_open(&cluster->http, &settings, &err) < 0)
		return exits_of(&err);
	if (api_minor_version(cluster->http, &minor, &err) < 0) {
		err_wrap(&err, "%.80s", settings.base);
		return cluster_failed(&err);
	}
	cluster->native_sidecars = API_HAS_NATIVE_SIDECARS(minor);
	return EXITS_DONE;
}

void cluster_close(struct cluster *cluster)
{
	http_close(cluster->http);
	kubeconfig_done(&cluster->config);
	*cluster = (struct cluster){0};
	http_exit();
}

static enum exits defaults(struct policy *policy, const char *namespace, const char *why)
{
	exits_say("the defaults hold, not the cluster's configuration: ConfigMap " OUR_CONFIG_MAP
	          " in namespace %.63s %s; name it by --farguard-namespace, or give --config FILE",
	          namespace, why);
	return settings_load(NULL, policy);
}

enum exits cluster_policy(struct cluster *cluster, const struct options *options,
                          struct policy *policy)
{
	CLEANUP(json_putp) struct json_object *map = NULL;
	const char *namespace = options->farguard_namespace, *text;
	char path[384], name[128];
	struct err err = {0};
	int r;

	if (options->config)
		return settings_load(options->config, policy);
	snprintf(path, sizeof(path), "/api/v1/namespaces/%.253s/configmaps/" OUR_CONFIG_MAP,
	         namespace);
	r = api_get(cluster->http, path, &map, &err);
	if (r == -ENOENT)
		return defaults(policy, namespace, "is not there");
	if (r == -EACCES)
		return defaults(policy, namespace, "may not be read");
	if (r < 0)
		return cluster_failed(&err);
	text = json_member_string(json_member(map, "data"), OUR_CONFIG_KEY);
	if (!text)
		return defaults(policy, namespace, "has no " OUR_CONFIG_KEY);
	snprintf(name, sizeof(name), "ConfigMap %.63s/" OUR_CONFIG_MAP, namespace);
	return policy_parse(policy, text, strlen(text), name, &err) < 0 ? exits_of(&err)
	                                                                : EXITS_DONE;
}
