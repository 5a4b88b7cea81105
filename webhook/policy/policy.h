/* policy.h - the configuration file: what to inject, where, and with what.
 *
 * Why      One YAML file says it all; the chart renders it, farguardctl reads it, a person
 *          edits it.  An error names file, line, column and the nearest known key.
 * Owns     Every string and list in struct policy, until policy_done().
 * Limits   Files up to POLICY_BYTES_MAX.
 */
#ifndef FARGUARD_POLICY_POLICY_H
#define FARGUARD_POLICY_POLICY_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#define POLICY_BYTES_MAX (1u << 20)

struct err;

enum policy_placement {
	POLICY_PLACEMENT_AUTO,
	POLICY_PLACEMENT_CONTAINER,
	POLICY_PLACEMENT_SIDECAR
};
/* Who is a container's first process: farguard, the program, or as the program's name suggests. */
enum policy_pid1 { POLICY_PID1_AUTO, POLICY_PID1_FARGUARD, POLICY_PID1_PROGRAM };
enum policy_preload_env { POLICY_PRELOAD_AUTO, POLICY_PRELOAD_ALWAYS, POLICY_PRELOAD_NEVER };

struct policy_list {
	char **items;
	size_t count;
};

/* Every key of the contract's configuration file; defaults are the contract's. */
struct policy {
	struct {
		bool default_enabled;
		bool fargate_only;
		bool allow_pod_opt_out;
		struct policy_list exclude_namespaces; /* shell globs */
		struct policy_list exclude_containers; /* shell globs: other injectors' sidecars */
		enum policy_preload_env preload_env;
	} inject;
	struct {
		char *reference;
		char *pull_policy;
	} image;
	char *sensor;
	char *mode;
	enum policy_pid1 pid1;
	struct json_object *install_resources; /* as in a pod spec; never NULL */
	struct {
		enum policy_placement placement;
		struct json_object *resources; /* never NULL */
		int heartbeat_seconds;
		bool events_process, events_file, events_network;
	} agent;
	struct {
		bool allow_size_increase;
		double price_vcpu_hour, price_gb_hour;
	} fargate;
	struct {
		char *lookup;
		int timeout_ms;
		char *ca_file;
		struct policy_list pull_secret_namespaces;
	} registry;
	struct {
		char *source;
		int rotate_days;
	} tls;
	struct {
		char *listen, *metrics;
	} server;
};

/* Fill `policy` with the defaults.  Returns 0 or -ENOMEM. */
int policy_init(struct policy *policy);
void policy_done(struct policy *policy);

/* Defaults overlaid by the YAML in `bytes`; `name` is the file's name for messages.  On failure
 * nothing is kept, and `err` says "NAME:LINE:COLUMN: ...". */
int policy_parse(struct policy *policy, const char *bytes, size_t len, const char *name,
                 struct err *err);

/* The whole of the file at `path`; `*out_bytes` is malloc'ed.  Returns 0, -EFBIG, -ENOMEM, or what
 * the file system says. */
int policy_read(const char *path, char **out_bytes, size_t *out_len, struct err *err);

/* policy_parse() of a file. */
int policy_load(struct policy *policy, const char *path, struct err *err);

#endif
