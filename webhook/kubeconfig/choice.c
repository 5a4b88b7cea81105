#include "webhook/kubeconfig/choice.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "injector/base/err.h"
#include "webhook/kubeconfig/field.h"
#include "webhook/kubeconfig/user.h"

#define NAMES_BYTES 120
/* The extension whose content is handed to the plugin: client-go, tools/clientcmd/client_config.go.
 */
#define EXEC_EXTENSION "client.authentication.k8s.io/exec"

static int find_named(const struct files *files, const char *list, const char *member,
                      struct entry context, const char *name, struct entry *out, struct err *err)
{
	char names[NAMES_BYTES];
	int r = files_find(files, list, member, name, out, err);

	if (r < 0 || out->node)
		return r;
	/* The entry may be there with nothing in it. */
	files_names(files, list, names, sizeof(names));
	return field_error(context, err, "%s \"%.60s\" is not there or says nothing; there are: %s",
	                   member, name, *names ? names : "none");
}

static int no_context(const struct files *files, const char *asked, struct err *err)
{
	char names[NAMES_BYTES];

	files_names(files, "contexts", names, sizeof(names));
	if (!*names)
		return err_set(err, ENOENT, "%.100s: no context in it", files->items[0].name);
	if (asked)
		return err_set(err, ENOENT, "%.100s: no context \"%.60s\"; there are: %.80s",
		               files->items[0].name, asked, names);
	return err_set(err, ENOENT,
	               "%.100s: no current-context; choose with --context one of: %.80s",
	               files->items[0].name, names);
}

/* Base64 beside the path wins over it, as in kubectl. */
int choice_read_pem(struct choice *choice, struct entry entry, const char *data_key,
                    const char *path_key, struct choice_pem *out, struct err *err)
{
	int r = field_bytes(entry, data_key, &choice->arena, &out->bytes, err);

	out->where = entry;
	if (r == 0)
		r = field_path(entry, path_key, &choice->arena, &out->path, err);
	if (r == 0 && out->bytes.len)
		out->path = NULL;
	return r;
}

static int read_extension(struct choice *choice, struct entry cluster, struct err *err)
{
	struct entry list;
	int r = field_list(cluster, "extensions", &list, err);

	for (size_t i = 0; r == 0 && list.node && i < list.node->count; i++) {
		struct entry item = {list.file, list.node->members[i].value};
		const char *name;

		r = field_string(item, "name", &name, err);
		if (r == 0 && name && strcmp(name, EXEC_EXTENSION) == 0)
			choice->config = node_get(item.node, "extension");
	}
	return r;
}

static bool is_proxy(const char *text)
{
	return strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0 ||
	       strncmp(text, "socks5://", 9) == 0;
}

static int read_cluster(struct choice *choice, struct entry cluster, struct err *err)
{
	int r = field_string(cluster, "server", &choice->server, err);

	if (r == 0)
		r = field_string(cluster, "tls-server-name", &choice->server_name, err);
	if (r == 0)
		r = field_bool(cluster, "insecure-skip-tls-verify", &choice->is_insecure, err);
	if (r == 0)
		r = choice_read_pem(choice, cluster, "certificate-authority-data",
		                    "certificate-authority", &choice->ca, err);
	if (r == 0)
		r = field_string(cluster, "proxy-url", &choice->proxy, err);
	if (r == 0)
		r = read_extension(choice, cluster, err);
	if (r < 0)
		return r;
	if (!choice->server)
		return field_error(cluster, err, "the cluster has no server");
	if (choice->proxy && !is_proxy(choice->proxy))
		return field_error(
		        (struct entry){cluster.file, node_get(cluster.node, "proxy-url")}, err,
		        "proxy-url must begin with http://, https:// or socks5://");
	if (choice->is_insecure && (choice->ca.bytes.len || choice->ca.path))
		return field_error(
		        cluster, err,
		        "insecure-skip-tls-verify beside a certificate-authority: one of "
		        "them must go");
	return 0;
}

static int read_context(struct choice *choice, const struct files *files, struct entry context,
                        struct err *err)
{
	const char *cluster_name = NULL, *user_name = NULL;
	struct entry cluster, user;
	int r = field_string(context, "cluster", &cluster_name, err);

	if (r == 0)
		r = field_string(context, "user", &user_name, err);
	if (r == 0)
		r = field_string(context, "namespace", &choice->namespace, err);
	if (r == 0 && !cluster_name)
		return field_error(context, err, "the context names no cluster");
	if (r == 0)
		r = find_named(files, "clusters", "cluster", context, cluster_name, &cluster, err);
	if (r == 0)
		r = read_cluster(choice, cluster, err);
	if (r < 0 || !user_name)
		return r;
	r = find_named(files, "users", "user", context, user_name, &user, err);
	return r < 0 ? r : user_read(choice, user, err);
}

int choice_make(struct choice *choice, const struct files *files, const char *context,
                struct err *err)
{
	const char *name = context;
	struct entry entry;
	int r = 0;

	*choice = (struct choice){0};
	if (!name)
		r = files_current(files, &name, err);
	if (r == 0 && !name)
		return no_context(files, NULL, err);
	if (r == 0)
		r = files_find(files, "contexts", "context", name, &entry, err);
	if (r < 0)
		return r;
	if (!entry.node)
		return no_context(files, name, err);
	choice->context = name;
	return read_context(choice, files, entry, err);
}

void choice_done(struct choice *choice)
{
	arena_done(&choice->arena);
	*choice = (struct choice){0};
}
