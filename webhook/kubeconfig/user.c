#include "webhook/kubeconfig/user.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "injector/base/err.h"
#include "webhook/kubeconfig/field.h"

#define API_GROUP "client.authentication.k8s.io/"

static struct entry at(struct entry entry, const char *key)
{
	return (struct entry){entry.file, node_get(entry.node, key)};
}

/* "NAME" + `middle` + "VALUE" in the arena. */
static int join(struct choice *choice, struct entry entry, const char *name, const char *middle,
                const char *value, const char **out, struct err *err)
{
	size_t size = strlen(name) + strlen(middle) + strlen(value) + 1;
	char *text = arena_take(&choice->arena, size);

	if (!text)
		return stream_no_memory(&entry.file->stream, err);
	snprintf(text, size, "%s%s%s", name, middle, value);
	*out = text;
	return 0;
}

static int add_header(struct choice *choice, struct entry entry, const char *name,
                      const char *value, struct err *err)
{
	size_t count = 0;

	while (choice->headers[count])
		count++;
	if (count == CHOICE_HEADERS_MAX)
		return field_error(entry, err, "more than %d groups", CHOICE_HEADERS_MAX);
	return join(choice, entry, name, ": ", value, &choice->headers[count], err);
}

/* Whoever may act for others must not act as himself without noticing. */
static int read_impersonation(struct choice *choice, struct entry user, struct err *err)
{
	const char *as, *uid;
	struct entry groups;
	int r = field_string(user, "as", &as, err);

	if (r == 0)
		r = field_string(user, "as-uid", &uid, err);
	if (r == 0)
		r = field_list(user, "as-groups", &groups, err);
	if (r < 0)
		return r;
	if (at(user, "as-user-extra").node)
		return field_error(at(user, "as-user-extra"), err,
		                   "as-user-extra is not supported");
	if (!as && (uid || groups.node))
		return field_error(user, err, "as-groups or as-uid without as");
	if (as)
		r = add_header(choice, user, "Impersonate-User", as, err);
	if (r == 0 && uid)
		r = add_header(choice, user, "Impersonate-Uid", uid, err);
	for (size_t i = 0; r == 0 && groups.node && i < groups.node->count; i++) {
		struct entry item = {groups.file, groups.node->members[i].value};

		if (!node_text(item.node))
			return field_error(item, err, "a group must be a string");
		r = add_header(choice, item, "Impersonate-Group", node_text(item.node), err);
	}
	return r;
}

static int read_args(struct choice *choice, struct entry exec, struct err *err)
{
	struct entry list;
	int r = field_list(exec, "args", &list, err);

	for (size_t i = 0; r == 0 && list.node && i < list.node->count; i++) {
		struct entry item = {list.file, list.node->members[i].value};

		if (!node_text(item.node))
			return field_error(item, err,
			                   "an argument must be a string: put it in quotes");
		if (i + 1 == PLUGIN_ARGS_MAX)
			return field_error(item, err, "more than %d arguments",
			                   PLUGIN_ARGS_MAX - 1);
		choice->plugin.args[i + 1] = node_text(item.node);
	}
	return r;
}

static int read_env(struct choice *choice, struct entry exec, struct err *err)
{
	struct entry list;
	int r = field_list(exec, "env", &list, err);

	for (size_t i = 0; r == 0 && list.node && i < list.node->count; i++) {
		struct entry item = {list.file, list.node->members[i].value};
		const char *name, *value;

		if (i == PLUGIN_ARGS_MAX)
			return field_error(item, err, "more than %d variables", PLUGIN_ARGS_MAX);
		r = field_string(item, "name", &name, err);
		if (r == 0)
			r = field_string(item, "value", &value, err);
		if (r < 0)
			return r;
		if (!name || strchr(name, '='))
			return field_error(item, err, "a variable must have a name, without =");
		r = join(choice, item, name, "=", value ? value : "", &choice->plugin.env[i], err);
	}
	return r;
}

static int read_mode(struct choice *choice, struct entry exec, struct err *err)
{
	static const char *const words[] = {[PLUGIN_NEVER] = "Never",
	                                    [PLUGIN_IF_AVAILABLE] = "IfAvailable",
	                                    [PLUGIN_ALWAYS] = "Always"};
	const char *word;
	int r = field_string(exec, "interactiveMode", &word, err);

	choice->plugin.mode = PLUGIN_IF_AVAILABLE;
	if (r < 0 || !word)
		return r;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strcmp(word, words[i]) == 0) {
			choice->plugin.mode = (enum plugin_mode)i;
			return 0;
		}
	}
	return field_error(at(exec, "interactiveMode"), err,
	                   "interactiveMode must be Never, IfAvailable or Always");
}

static int check_version(struct entry exec, const char *version, struct err *err)
{
	struct entry where = version ? at(exec, "apiVersion") : exec;

	if (version &&
	    (strcmp(version, API_GROUP "v1") == 0 || strcmp(version, API_GROUP "v1beta1") == 0))
		return 0;
	if (version && strcmp(version, API_GROUP "v1alpha1") == 0)
		return field_error(
		        where, err,
		        "v1alpha1 of credential plugins is gone: write the entry anew with "
		        "a current tool (aws eks update-kubeconfig)");
	return field_error(where, err, "exec.apiVersion must be " API_GROUP "v1 or v1beta1");
}

static int read_exec(struct choice *choice, struct entry exec, struct err *err)
{
	struct plugin *plugin = &choice->plugin;
	const char *command;
	int r = field_string(exec, "apiVersion", &plugin->api_version, err);

	if (r == 0)
		r = field_string(exec, "command", &command, err);
	if (r == 0)
		r = field_string(exec, "installHint", &plugin->hint, err);
	if (r == 0)
		r = field_bool(exec, "provideClusterInfo", &plugin->tells_cluster, err);
	if (r == 0)
		r = check_version(exec, plugin->api_version, err);
	if (r < 0)
		return r;
	if (!command)
		return field_error(exec, err, "exec has no command");
	/* One with a slash is a path of the file's directory; others are found by PATH. */
	plugin->args[0] =
	        strchr(command, '/') ? field_complete(exec, command, &choice->arena) : command;
	if (!plugin->args[0])
		return stream_no_memory(&exec.file->stream, err);
	choice->has_plugin = true;
	choice->exec = exec;
	r = read_args(choice, exec, err);
	if (r == 0)
		r = read_env(choice, exec, err);
	return r == 0 ? read_mode(choice, exec, err) : r;
}

/* Rules that kubectl has as well: what is set must be one way to log in. */
static int check(struct choice *choice, struct entry user, struct err *err)
{
	if (at(user, "auth-provider").node)
		return field_error(at(user, "auth-provider"), err,
		                   "auth-provider is gone from Kubernetes: use its exec plugin "
		                   "(gke-gcloud-auth-plugin, kubelogin), as kubectl must too");
	if ((choice->token || choice->token_path) && choice->username)
		return field_error(user, err, "a token and a username: one of them must go");
	if (choice->password && !choice->username)
		return field_error(user, err, "a password without username");
	if (!(choice->cert.bytes.len || choice->cert.path) !=
	    !(choice->key.bytes.len || choice->key.path))
		return field_error(user, err,
		                   "client-certificate and client-key belong together, one "
		                   "is missing");
	return 0;
}

int user_read(struct choice *choice, struct entry user, struct err *err)
{
	struct entry exec = {0};
	int r = choice_read_pem(choice, user, "client-certificate-data", "client-certificate",
	                        &choice->cert, err);

	choice->user = user;
	if (r == 0)
		r = choice_read_pem(choice, user, "client-key-data", "client-key", &choice->key,
		                    err);
	if (r == 0)
		r = field_string(user, "token", &choice->token, err);
	if (r == 0)
		r = field_path(user, "tokenFile", &choice->arena, &choice->token_path, err);
	if (r == 0)
		r = field_string(user, "username", &choice->username, err);
	if (r == 0)
		r = field_string(user, "password", &choice->password, err);
	if (r == 0)
		r = read_impersonation(choice, user, err);
	if (r == 0)
		r = check(choice, user, err);
	if (r == 0)
		r = field_map(user, "exec", &exec, err);
	return r == 0 && exec.node ? read_exec(choice, exec, err) : r;
}
