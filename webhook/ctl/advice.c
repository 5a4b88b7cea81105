#include "webhook/ctl/advice.h"

#include <stddef.h>
#include <string.h>

struct sentence {
	const char *word, *text;
};

/* How containers are covered, and why they are not. */
static const struct sentence meanings[] = {
        {"command", "its command runs behind /.farguard/farguard run"},
        {"self-wrap", "the library in /etc/ld.so.preload puts its program behind farguard run"},
        {"preload-env", "the library comes by LD_PRELOAD"},
        {"lookup", "the image's entrypoint was looked up and runs behind farguard run"},
        {"excluded", "farguard.io/exclude-containers names it"},
        {"not-selected", "farguard.io/containers does not name it"},
        {"known-injector", "inject.excludeContainers names it: another injector's container"},
        {"before-install", "it runs before farguard-install has put the programs there"},
        {"static-entrypoint", "its entrypoint is static and the spec names no command"},
        {"musl-without-lookup", "its image has musl, the spec names no command, and no look-up"},
        {"etc-mounted", "a volume covers /etc, where the loader looks for the library"},
};

static const struct sentence ways_out[] = {
        {"not-opted-in", "kubectl annotate namespace NAME farguard.io/inject=enabled, or set the "
                         "annotation on the pod (template)"},
        {"opted-out", "remove farguard.io/inject=disabled; inject.allowPodOptOut: false takes the "
                      "choice from pods"},
        {"namespace-excluded", "take the namespace out of inject.excludeNamespaces (Farguard's "
                               "own stays out), or use another namespace"},
        {"own-pod", "the label app.kubernetes.io/name: farguard marks Farguard's own pods; give "
                    "others another name"},
        {"not-fargate", "match a Fargate profile, or set inject.fargateOnly: false"},
        {"no-container-selected", "name a container in farguard.io/containers, or take one out of "
                                  "farguard.io/exclude-containers"},
        {"host-network", "remove hostNetwork: Fargate does not run such pods"},
        {"host-pid", "remove hostPID: Fargate does not run such pods"},
        {"windows", "none: Farguard guards Linux containers, and Fargate runs no others"},
        {"mirror-pod", "none: the API server does not run a static pod, the kubelet does"},
        {"name-collision", "give the pod's own container, volume, mount or variable another name"},
        {"limit-range", "widen the LimitRange, fit install.resources and agent.resources to it, or "
                        "set fargate.allowSizeIncrease: true"},
        {"quota", "raise the ResourceQuota, or lower install.resources and agent.resources"},
        {"job-uncoverable", "name the container's command in the spec, or use a cluster with "
                            "native sidecars (--native-sidecars=true)"},
        {"circuit-open", "see why the namespace's injected pods fail; injection goes on when they "
                         "do not"},
        {"not-ready", "create the pod again: the webhook did not know its namespace yet"},
        {"too-large", "make the object smaller or flatter"},
        {"malformed", "correct the spec: the API server would refuse it too"},
        {"self-check-failed", "a fault of Farguard's: please report it, with this document"},
        {"internal-error", "run it again with more memory"},
        {"started-before",
         "it was made before the namespace was opted in, or while the webhook was "
         "away: make its pods anew"},
        {"incomplete", "another webhook or a person took part of Farguard out of it: make its pods "
                       "anew, and let the other webhook come first"},
        {"refused", "allow Farguard's image and containers in the policy whose words these are"},
        {"excluded", "take it out of farguard.io/exclude-containers"},
        {"not-selected", "add it to farguard.io/containers"},
        {"known-injector", "name it in farguard.io/containers, by its name and not by a pattern"},
        {"before-install", "let the webhook that adds it come after Farguard's, or put it behind "
                           "farguard-install"},
        {"static-entrypoint", "name its command in the spec, or let the registry look it up "
                              "(registry.lookup)"},
        {"musl-without-lookup", "name its command in the spec, or let the registry look it up "
                                "(registry.lookup)"},
        {"etc-mounted", "name its command in the spec, or mount single files instead of /etc"},
        {"qos-changed", "none is needed on Fargate, where pods are not evicted by their class; "
                        "else give agent.resources equal requests and limits"},
        {"size-increased", "fargate.allowSizeIncrease: false requests 0 instead of a larger size"},
        {"fargate-refuses", "remove what Fargate refuses, or do not run the pod there"},
        {"unknown-annotation-value", "correct the annotation's value; it is ignored now"},
        {"no-new-privs", "none is needed: programs that gain privileges were forbidden already"},
};

static const char *find(const struct sentence *sentences, size_t count, const char *word)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(sentences[i].word, word) == 0)
			return sentences[i].text;
	return NULL;
}

const char *advice_meaning(const char *word)
{
	return find(meanings, sizeof(meanings) / sizeof(*meanings), word);
}

const char *advice_way_out(const char *word)
{
	return find(ways_out, sizeof(ways_out) / sizeof(*ways_out), word);
}
