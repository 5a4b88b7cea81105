# selection.sh - which pods the API server sends to the webhook.
# shellcheck shell=bash disable=SC2154 # read by tests/chart/run.sh
#
# Why      Fail closed with no webhook running: what is sent is refused, what is spared is taken.
#          So the API server itself says what selectors and conditions do.
# Owns     The namespaces chart-plain and chart-labelled.

selection_finish() {
	kubectl delete namespace chart-plain chart-labelled --ignore-not-found --wait=false >/dev/null 2>&1
}

tried() { # NAMESPACE [METADATA [SPEC]]: "sent", "spared", or what else was said; the pod is only tried
	local said
	said=$(kubectl create --dry-run=server -f - 2>&1 <<-END
		{apiVersion: v1, kind: Pod, metadata: {name: tried, namespace: $1, ${2:-}}, spec: {${3:-}
		 securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}},
		 containers: [{name: tried, image: tried,
		  securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}]}}
	END
	)
	verdict "$said"
}

verdict() { # what the API server said
	case $1 in
	*'failed calling webhook "inject.farguard.io"'*) echo sent ;;
	*error* | *Error*) echo "$1" ;;
	*) echo spared ;;
	esac
}

debugged() { # NAMESPACE: an ephemeral container for its pod `waits`, only tried
	local said
	said=$(kubectl -n "$1" get pod waits -o json | python3 -c '
import json, sys
pod = json.load(sys.stdin)
pod["spec"]["ephemeralContainers"] = [{"name": "debug", "image": "debug", "securityContext": {
    "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}}]
json.dump(pod, sys.stdout)' |
		kubectl replace --raw "/api/v1/namespaces/$1/pods/waits/ephemeralcontainers?dryRun=All" -f - 2>&1)
	verdict "$said"
}

is_sent() { # NAMESPACE [METADATA [SPEC]]
	[ "$(tried "$@")" = sent ]
}

is_spared() { # NAMESPACE [METADATA [SPEC]]
	[ "$(tried "$@")" = spared ]
}

closed() { # ARG...: the release, fail closed, and the API server acting by it
	deploy upgrade --set webhook.failurePolicy=Fail,webhook.timeoutSeconds=1 "$@" || {
		not_ok "helm upgrade" "$(cat "$work/deploy")"
		return 1
	}
}

selection() {
	local label='labels: {farguard.io/inject: enabled}' own='labels: {app.kubernetes.io/name: farguard}'
	kubectl create namespace chart-plain >/dev/null
	kubectl create namespace chart-labelled >/dev/null
	kubectl label namespace chart-labelled farguard.io/inject=enabled >/dev/null
	kubectl -n chart-plain create -f - >/dev/null <<-END
		{apiVersion: v1, kind: Pod, metadata: {name: waits}, spec: {schedulerName: nobody, automountServiceAccountToken: false,
		 containers: [{name: waits, image: waits}]}}
	END
	closed --set 'webhook.excludeNamespaces={chart-labelled}' || return
	check "a pod of any namespace is sent" within 10 "the API server to call" is_sent chart-plain
	same "but of one that is excluded, kube-system and our own" "spared spared spared" \
		"$(tried chart-labelled) $(tried kube-system) $(tried chart-test)"
	same "our own pods are spared everywhere" spared "$(tried chart-plain "$own")"
	same "an ephemeral container is sent" sent "$(debugged chart-plain)"
	closed --set webhook.labelOnly=true || return
	check "label-only: a pod of a namespace without the label is spared, whatever it says" \
		within 10 "the API server to spare it" is_spared chart-plain "$label"
	same "label-only: a pod of a namespace with the label is sent" sent "$(tried chart-labelled)"
	same "label-only: and its ephemeral containers in other namespaces are not" spared "$(debugged chart-plain)"
	closed --set config.inject.fargateOnly=true || return
	check "Fargate only: a pod of its scheduler is sent" within 10 "the API server to call" \
		is_sent chart-plain '' 'schedulerName: fargate-scheduler,'
	same "Fargate only: so is one with a profile's label" sent \
		"$(tried chart-plain 'labels: {eks.amazonaws.com/fargate-profile: p}')"
	same "Fargate only: others are spared, with labels or without" "spared spared" \
		"$(tried chart-plain) $(tried chart-plain "$label")"
	closed --set-json 'webhook.matchConditions=[{"name":"no-batch","expression":"!has(object.metadata.labels) || !(\"batch\" in object.metadata.labels)"}]' || return
	check "a condition of one's own spares" within 10 "the API server to spare it" is_spared chart-plain 'labels: {batch: x}'
	same "and lets others be sent" sent "$(tried chart-plain)"
	deploy upgrade || not_ok "helm upgrade to the defaults" "$(cat "$work/deploy")"
	selection_finish
}
