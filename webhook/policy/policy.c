/* policy.c - the defaults, and the file that overlays them. */
#include "webhook/policy/policy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "injector/base/err.h"
#include "injector/base/own.h"
#include "webhook/policy/list.h"
#include "webhook/policy/read.h"

#define DEFAULT_IMAGE "farguard.test/farguard-payload:dev"

int policy_init(struct policy *policy)
{
	int err = 0;

	*policy = (struct policy){
	        .inject = {.allow_pod_opt_out = true},
	        .agent = {.heartbeat_seconds = 60, .events_process = true},
	        .fargate = {.price_vcpu_hour = 0.04048, .price_gb_hour = 0.004445},
	        .registry = {.timeout_ms = 500},
	        .tls = {.rotate_days = 30},
	};
	err |= list_push(&policy->inject.exclude_namespaces, "kube-system");
	err |= list_push(&policy->inject.exclude_containers, "istio-proxy");
	err |= list_push(&policy->inject.exclude_containers, "linkerd-proxy");
	err |= list_push(&policy->inject.exclude_containers, "vault-agent");
	policy->image.reference = strdup(DEFAULT_IMAGE);
	policy->image.pull_policy = strdup("IfNotPresent");
	policy->sensor = strdup("auto");
	policy->mode = strdup("detect");
	policy->registry.lookup = strdup("auto");
	policy->registry.ca_file = strdup("/etc/ssl/certs/ca-certificates.crt");
	policy->tls.source = strdup("self");
	policy->server.listen = strdup(":8443");
	policy->server.metrics = strdup(":9090");
	policy->install_resources = json_object_new_object();
	policy->agent.resources =
	        json_tokener_parse("{\"limits\":{\"cpu\":\"200m\",\"memory\":\"64Mi\"}}");
	if (err || !policy->image.reference || !policy->image.pull_policy || !policy->sensor ||
	    !policy->mode || !policy->registry.lookup || !policy->registry.ca_file ||
	    !policy->tls.source || !policy->server.listen || !policy->server.metrics ||
	    !policy->install_resources || !policy->agent.resources) {
		policy_done(policy);
		return -ENOMEM;
	}
	return 0;
}

void policy_done(struct policy *policy)
{
	list_done(&policy->inject.exclude_namespaces);
	list_done(&policy->inject.exclude_containers);
	free(policy->image.reference);
	free(policy->image.pull_policy);
	free(policy->sensor);
	free(policy->mode);
	free(policy->registry.lookup);
	free(policy->registry.ca_file);
	list_done(&policy->registry.pull_secret_namespaces);
	free(policy->tls.source);
	free(policy->server.listen);
	free(policy->server.metrics);
	json_object_put(policy->install_resources);
	json_object_put(policy->agent.resources);
	*policy = (struct policy){0};
}

/* Load the first document and see that there is no second.  Returns 0 with `*out_root` (NULL when
 * the file says nothing), or -errno. */
static int load(yaml_parser_t *parser, yaml_document_t *document, struct read *read)
{
	yaml_document_t second;
	yaml_node_t *root;

	if (!yaml_parser_load(parser, document))
		return read_syntax_error(read, parser);
	root = yaml_document_get_root_node(document);
	if (!root)
		return 0;
	read->document = document;
	if (!yaml_parser_load(parser, &second)) {
		int err = read_syntax_error(read, parser);

		yaml_document_delete(document);
		return err;
	}
	root = yaml_document_get_root_node(&second);
	if (root) {
		read_error(read, root, "a second document; the configuration is one");
		yaml_document_delete(&second);
		yaml_document_delete(document);
		return -EINVAL;
	}
	yaml_document_delete(&second);
	return 0;
}

int policy_parse(struct policy *policy, const char *bytes, size_t len, const char *name,
                 struct err *err)
{
	struct read read = {.policy = policy, .name = name, .err = err};
	yaml_document_t document;
	yaml_parser_t parser;
	int code;

	if (len > POLICY_BYTES_MAX)
		return err_set(err, EFBIG, "%.150s: longer than %u bytes", name, POLICY_BYTES_MAX);
	if (policy_init(policy) < 0 || !yaml_parser_initialize(&parser)) {
		policy_done(policy);
		return err_set(err, ENOMEM, "%.150s: out of memory", name);
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, len);
	code = load(&parser, &document, &read);
	if (code == 0) {
		if (read.document)
			code = read_root(&read, yaml_document_get_root_node(&document));
		yaml_document_delete(&document);
	}
	yaml_parser_delete(&parser);
	if (code < 0)
		policy_done(policy);
	return code;
}

int policy_read(const char *path, char **out_bytes, size_t *out_len, struct err *err)
{
	CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	CLEANUP(mem_freep) char *bytes = NULL;
	size_t len = 0;
	ssize_t n;

	if (fd < 0)
		return err_set(err, errno, "%.150s: %s", path, strerror(errno));
	bytes = malloc(POLICY_BYTES_MAX + 1);
	if (!bytes)
		return err_set(err, ENOMEM, "%.150s: out of memory", path);
	while ((n = read(fd, bytes + len, POLICY_BYTES_MAX + 1 - len)) > 0)
		len += (size_t)n;
	if (n < 0)
		return err_set(err, errno, "%.150s: %s", path, strerror(errno));
	if (len > POLICY_BYTES_MAX)
		return err_set(err, EFBIG, "%.150s: longer than %u bytes", path, POLICY_BYTES_MAX);
	*out_bytes = TAKE(bytes);
	*out_len = len;
	return 0;
}

int policy_load(struct policy *policy, const char *path, struct err *err)
{
	CLEANUP(mem_freep) char *bytes = NULL;
	size_t len = 0;
	int r = policy_read(path, &bytes, &len, err);

	return r < 0 ? r : policy_parse(policy, bytes, len, path, err);
}
