/* keys.c - every key of the configuration file, in the sample's order. */
#include "webhook/policy/keys.h"

#include "webhook/policy/policy.h"

#define AT(member) offsetof(struct policy, member)

static const struct key inject_keys[] = {
        {.name = "default",
         .kind = KEY_BOOL_WORD,
         .offset = AT(inject.default_enabled),
         .words = {"disabled", "enabled"}},
        {.name = "fargateOnly", .kind = KEY_BOOL, .offset = AT(inject.fargate_only)},
        {.name = "allowPodOptOut", .kind = KEY_BOOL, .offset = AT(inject.allow_pod_opt_out)},
        {.name = "excludeNamespaces", .kind = KEY_LIST, .offset = AT(inject.exclude_namespaces)},
        {.name = "excludeContainers", .kind = KEY_LIST, .offset = AT(inject.exclude_containers)},
        {.name = "preloadEnv",
         .kind = KEY_WORD,
         .offset = AT(inject.preload_env),
         .words = {"auto", "always", "never"}},
        {.name = NULL},
};

static const struct key image_keys[] = {
        {.name = "reference", .kind = KEY_STRING, .offset = AT(image.reference)},
        {.name = "pullPolicy",
         .kind = KEY_WORD_STRING,
         .offset = AT(image.pull_policy),
         .words = {"IfNotPresent", "Always", "Never"}},
        {.name = NULL},
};

static const struct key install_keys[] = {
        {.name = "resources", .kind = KEY_RESOURCES, .offset = AT(install_resources)},
        {.name = NULL},
};

static const struct key events_keys[] = {
        {.name = "process", .kind = KEY_BOOL, .offset = AT(agent.events_process)},
        {.name = "file", .kind = KEY_BOOL, .offset = AT(agent.events_file)},
        {.name = "network", .kind = KEY_BOOL, .offset = AT(agent.events_network)},
        {.name = NULL},
};

static const struct key agent_keys[] = {
        {.name = "placement",
         .kind = KEY_WORD,
         .offset = AT(agent.placement),
         .words = {"auto", "container", "sidecar"}},
        {.name = "resources", .kind = KEY_RESOURCES, .offset = AT(agent.resources)},
        {.name = "heartbeatSeconds",
         .kind = KEY_INT,
         .offset = AT(agent.heartbeat_seconds),
         .min = 1,
         .max = 86400},
        {.name = "events", .kind = KEY_SECTION, .children = events_keys},
        {.name = NULL},
};

static const struct key prices_keys[] = {
        {.name = "vcpuHour", .kind = KEY_NUMBER, .offset = AT(fargate.price_vcpu_hour)},
        {.name = "gbHour", .kind = KEY_NUMBER, .offset = AT(fargate.price_gb_hour)},
        {.name = NULL},
};

static const struct key fargate_keys[] = {
        {.name = "allowSizeIncrease", .kind = KEY_BOOL, .offset = AT(fargate.allow_size_increase)},
        {.name = "prices", .kind = KEY_SECTION, .children = prices_keys},
        {.name = NULL},
};

static const struct key registry_keys[] = {
        {.name = "lookup",
         .kind = KEY_WORD_STRING,
         .offset = AT(registry.lookup),
         .words = {"auto", "always", "never"}},
        {.name = "timeoutMs",
         .kind = KEY_INT,
         .offset = AT(registry.timeout_ms),
         .min = 1,
         .max = 10000},
        {.name = "caFile",
         .kind = KEY_STRING,
         .offset = AT(registry.ca_file),
         .needs_restart = true},
        {.name = "pullSecretNamespaces",
         .kind = KEY_LIST,
         .offset = AT(registry.pull_secret_namespaces)},
        {.name = NULL},
};

static const struct key tls_keys[] = {
        {.name = "source",
         .kind = KEY_WORD_STRING,
         .offset = AT(tls.source),
         .words = {"self", "cert-manager"},
         .needs_restart = true},
        {.name = "rotateDays",
         .kind = KEY_INT,
         .offset = AT(tls.rotate_days),
         .min = 1,
         .max = 365},
        {.name = NULL},
};

static const struct key server_keys[] = {
        {.name = "listen", .kind = KEY_ADDRESS, .offset = AT(server.listen), .needs_restart = true},
        {.name = "metrics",
         .kind = KEY_ADDRESS,
         .offset = AT(server.metrics),
         .needs_restart = true},
        {.name = NULL},
};

const struct key policy_keys[] = {
        {.name = "inject", .kind = KEY_SECTION, .children = inject_keys},
        {.name = "image", .kind = KEY_SECTION, .children = image_keys},
        {.name = "sensor",
         .kind = KEY_WORD_STRING,
         .offset = AT(sensor),
         .words = {"auto", "notify", "ptrace", "preload", "watch"}},
        {.name = "mode",
         .kind = KEY_WORD_STRING,
         .offset = AT(mode),
         .words = {"detect", "enforce"}},
        {.name = "pid1",
         .kind = KEY_WORD,
         .offset = AT(pid1),
         .words = {"auto", "farguard", "program"}},
        {.name = "install", .kind = KEY_SECTION, .children = install_keys},
        {.name = "agent", .kind = KEY_SECTION, .children = agent_keys},
        {.name = "fargate", .kind = KEY_SECTION, .children = fargate_keys},
        {.name = "registry", .kind = KEY_SECTION, .children = registry_keys},
        {.name = "tls", .kind = KEY_SECTION, .children = tls_keys},
        {.name = "server", .kind = KEY_SECTION, .children = server_keys},
        {.name = NULL},
};
