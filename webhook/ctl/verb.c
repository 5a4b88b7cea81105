#include "webhook/ctl/verb.h"

#include <string.h>

#include "webhook/ctl/options.h"

#define DOCUMENTS (1u << OPTIONS_YAML | 1u << OPTIONS_JSON | 1u << OPTIONS_PATCH)
#define DOCUMENTS_HELP                                                                             \
	"yaml or json instead of what was read; patch: one\n"                                      \
	"line of JSON for each object, with its JSON Patch"

static const struct verb verbs[] = {
        {.name = "inject",
         .operands = "[-f FILE|DIR|-]... [OPTIONS]",
         .summary = "put Farguard into workloads",
         .text = "Prints the documents with Farguard in each workload's pod; says on standard\n"
                 "error which are passed on as they are, and why.  A task definition of Amazon\n"
                 "ECS, as the AWS CLI takes or prints it, is a workload too.\n",
         .accepted = OPTIONS_FILES | OPTIONS_FORMAT | OPTIONS_CONFIG | OPTIONS_NAMESPACE |
                     OPTIONS_SIDECARS,
         .formats = DOCUMENTS,
         .format_help = DOCUMENTS_HELP,
         .examples = {"inject -f deployment.yaml | kubectl apply -f -",
                      "inject -o patch manifests/", "inject -f taskdef.json"},
         .run = verb_inject},
        {.name = "uninject",
         .operands = "[-f FILE|DIR|-]... [-o FORMAT]",
         .summary = "take Farguard out of workloads",
         .text = "Prints the documents as they were before inject.\n",
         .accepted = OPTIONS_FILES | OPTIONS_FORMAT,
         .formats = DOCUMENTS,
         .format_help = DOCUMENTS_HELP,
         .examples = {"uninject -f injected.yaml"},
         .run = verb_uninject},
        {.name = "explain",
         .operands = "[-f FILE|DIR|-]... [OPTIONS]",
         .summary = "say whether workloads are guarded, why, and what it costs",
         .text = "Tells of each workload whether its pods are guarded and why, how each container\n"
                 "is covered, the Fargate size and its price without and with Farguard, and the\n"
                 "way out where something is not covered.  A Namespace, LimitRange or\n"
                 "ResourceQuota in the input holds for the workloads of its namespace.\n",
         .accepted = OPTIONS_FILES | OPTIONS_FORMAT | OPTIONS_CONFIG | OPTIONS_NAMESPACE |
                     OPTIONS_SIDECARS | OPTIONS_COLOR,
         .formats = 1u << OPTIONS_TEXT | 1u << OPTIONS_JSON,
         .format_help = "text, or json: one object a line",
         .examples = {"explain -f deployment.yaml", "explain -o json manifests/"},
         .run = verb_explain},
        {.name = "check",
         .operands = "[-n NAME] [--dry-run] [OPTIONS]",
         .summary = "list what a cluster runs unguarded, though it should not",
         .text = "Asks the cluster, as kubectl finds it, for its pods and lists the containers "
                 "that\n"
                 "should be guarded and are not, judged from their specs, with the reason and the\n"
                 "way out.  What an annotation or inject.excludeContainers leaves out is not "
                 "listed.\n"
                 "With --dry-run it lists the workloads that a quota, a LimitRange or a policy "
                 "would\n"
                 "refuse only because of Farguard: the API server judges a pod with and one "
                 "without\n"
                 "it, and keeps neither.  Exit status 1: something is listed; 4: the cluster or "
                 "the\n"
                 "credentials failed.\n",
         .accepted = OPTIONS_FORMAT | OPTIONS_CONFIG | OPTIONS_SCOPE | OPTIONS_CLUSTER |
                     OPTIONS_DRY_RUN | OPTIONS_COLOR,
         .formats = 1u << OPTIONS_TEXT | 1u << OPTIONS_JSON,
         .format_help = "text, or json: a list of\n"
                        "{\"namespace\",\"pod\",\"container\",\"reason\"}",
         .examples = {"check", "check -n shop -o json",
                      "check --dry-run -n shop --namespace-annotation farguard.io/inject=enabled"},
         .run = verb_check},
        {.name = "review",
         .operands = "[-f FILE] [OPTIONS]",
         .summary = "answer an AdmissionReview as the webhook would",
         .text = "Answers the AdmissionReview on standard input, to the byte as the webhook\n"
                 "would.\n",
         .accepted = OPTIONS_FILES | OPTIONS_CONFIG | OPTIONS_NAMESPACE | OPTIONS_SIDECARS,
         .run = verb_review},
        {.name = "config check",
         .operands = "FILE...",
         .summary = "check configuration files",
         .text = "Says \"valid\", or what is wrong as FILE:LINE:COLUMN.\n",
         .accepted = OPTIONS_FILES,
         .run = verb_config_check},
        {.name = "version",
         .operands = "[-o FORMAT]",
         .summary = "print the version",
         .text = "Prints which version this is.\n",
         .accepted = OPTIONS_FORMAT,
         .formats = 1u << OPTIONS_TEXT | 1u << OPTIONS_JSON,
         .format_help = "text, or json: {\"version\"}",
         .run = verb_version},
};

const struct verb *verb_table(size_t *out_count)
{
	*out_count = sizeof(verbs) / sizeof(*verbs);
	return verbs;
}

const struct verb *verb_find(int argc, char **argv, int *out_words)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
		const char *name = verbs[i].name, *space = strchr(name, ' ');
		size_t first = space ? (size_t)(space - name) : strlen(name);

		if (argc < 1 || strlen(argv[0]) != first || strncmp(argv[0], name, first) != 0)
			continue;
		if (space && (argc < 2 || strcmp(argv[1], space + 1) != 0))
			continue;
		*out_words = space ? 2 : 1;
		return &verbs[i];
	}
	return NULL;
}
