#include "webhook/manifest/workload.h"

#include <stddef.h>
#include <string.h>

#define TEMPLATE {"spec", "template"}, "/spec/template"

static const struct workload workloads[] = {
        {"Pod", {""}, {NULL}, ""},
        {"PodTemplate", {""}, {"template"}, "/template"},
        {"ReplicationController", {""}, TEMPLATE},
        {"Deployment", {"apps", "extensions"}, TEMPLATE},
        {"StatefulSet", {"apps"}, TEMPLATE},
        {"DaemonSet", {"apps", "extensions"}, TEMPLATE},
        {"ReplicaSet", {"apps", "extensions"}, TEMPLATE},
        {"Job", {"batch"}, TEMPLATE},
        {"CronJob",
         {"batch"},
         {"spec", "jobTemplate", "spec", "template"},
         "/spec/jobTemplate/spec/template"},
        /* OpenShift had it in the core's group before groups were. */
        {"DeploymentConfig", {"apps.openshift.io", ""}, TEMPLATE},
};

static bool group_is(const char *api_version, const char *group)
{
	const char *slash = strchr(api_version, '/');
	size_t len = slash ? (size_t)(slash - api_version) : 0;

	return strlen(group) == len && memcmp(api_version, group, len) == 0;
}

static const struct workload *find(const char *kind, size_t len, const char *api_version)
{
	for (size_t i = 0; i < sizeof(workloads) / sizeof(*workloads); i++) {
		const struct workload *workload = &workloads[i];

		if (strlen(workload->kind) != len || memcmp(workload->kind, kind, len) != 0)
			continue;
		if (!*api_version)
			return workload;
		for (size_t j = 0; workload->groups[j]; j++)
			if (group_is(api_version, workload->groups[j]))
				return workload;
	}
	return NULL;
}

const struct workload *workload_find(const char *kind, const char *api_version)
{
	return find(kind, strlen(kind), api_version);
}

bool workload_is_list(const char *kind, const char *api_version, const struct workload **out_items)
{
	size_t len = strlen(kind);

	*out_items = NULL;
	if (len < 4 || strcmp(kind + len - 4, "List") != 0)
		return false;
	if (len == 4)
		return !*api_version || group_is(api_version, "");
	*out_items = find(kind, len - 4, api_version);
	return *out_items != NULL;
}
