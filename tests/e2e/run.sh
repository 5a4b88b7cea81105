#!/bin/bash
# run.sh [PART...] - Farguard on a real Kubernetes, from the images to the uninstall (TAP; root).
#
#   parts: matrix exec terminal debug survive delete jobs agent attack refuse specs injectors lookup pulls servers rotate outage watch circuit policy chaos uninstall machine; all by default
#
# Why      Each sample image runs as each kind of workload, once guarded and once bare, at the same
#          time; whatever a user could tell must be the same, and the agent must name what ran.
#          TWINS=all runs the whole product of part matrix, TWINS_ONLY=TEXT some of it, TWINS_WRITE=1 writes its table.
# Owns     Namespaces e2e-*, the release `farguard`.  The machine's cluster is taken down again when
#          it was not up before.  FARGUARD_E2E_KUBECONFIG takes another (hack/cluster/target.sh).
set -uo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
here=$top/tests/e2e
SECONDS=0
# shellcheck source=hack/cluster/target.sh
. "$top/hack/cluster/target.sh"
# shellcheck source=tests/e2e/tap.sh
. "$here/tap.sh"
# shellcheck source=tests/e2e/api.sh
. "$here/api.sh"
# shellcheck source=tests/e2e/matrix.sh
. "$here/matrix.sh"
# shellcheck source=tests/e2e/attack.sh
. "$here/attack.sh"
# shellcheck source=tests/e2e/sessions.sh
. "$here/sessions.sh"
# shellcheck source=tests/e2e/terminal.sh
. "$here/terminal.sh"
# shellcheck source=tests/e2e/trouble.sh
. "$here/trouble.sh"
# shellcheck source=tests/e2e/jobs.sh
. "$here/jobs.sh"
# shellcheck source=tests/e2e/agent.sh
. "$here/agent.sh"
# shellcheck source=tests/e2e/watch.sh
. "$here/watch.sh"
# shellcheck source=tests/e2e/circuit.sh
. "$here/circuit.sh"
# shellcheck source=tests/e2e/specs.sh
. "$here/specs.sh"
# shellcheck source=tests/e2e/lookup.sh
. "$here/lookup.sh"
# shellcheck source=tests/e2e/pulls.sh
. "$here/pulls.sh"
# shellcheck source=tests/e2e/servers.sh
. "$here/servers.sh"
# shellcheck source=tests/e2e/rotate.sh
. "$here/rotate.sh"
# shellcheck source=tests/e2e/injectors.sh
. "$here/injectors.sh"
# shellcheck source=tests/e2e/chaos.sh
. "$here/chaos.sh"

work=$(mktemp -d)
stood=
finish() {
	injector_end
	registry_end
	close_api
	[ -z "$target_started" ] || "$top/hack/cluster.sh" down
	rm -rf "$work"
}
trap finish EXIT

give_up() { # why
	not_ok "$1"
	dump farguard
	tap_end
	exit 1
}

# Every object of the cluster but what clusters make and forget by themselves.
objects() {
	local kinds
	kinds=$(kubectl api-resources --verbs=list -o name | grep -vE '^(events|events\.events\.k8s\.io|leases\.)' | paste -sd,)
	kubectl get "$kinds" -A --no-headers --ignore-not-found \
		-o custom-columns=K:.kind,NS:.metadata.namespace,N:.metadata.name 2>/dev/null |
		grep -vE '^(ComponentStatus|PodMetrics|NodeMetrics|EndpointSlice +default|ServiceCIDR|IPAddress) ' |
		awk '{ print $1, $2, $3 }' | sort
}

namespaces() { # create: profile and pod security for the first two, only the profile for the last
	kubectl create -f - <<-END
		{apiVersion: v1, kind: List, items: [
		 {apiVersion: v1, kind: Namespace, metadata: {name: e2e-bare, labels: &restricted {
		  farguard.test/fargate-profile: default, pod-security.kubernetes.io/enforce: restricted}}},
		 {apiVersion: v1, kind: Namespace, metadata: {name: e2e-guarded, labels: *restricted,
		  annotations: &inject {farguard.io/inject: enabled}}},
		 {apiVersion: v1, kind: Namespace, metadata: {name: e2e-open-bare, labels: &open {
		  farguard.test/fargate-profile: default}}},
		 {apiVersion: v1, kind: Namespace, metadata: {name: e2e-open-guarded, labels: *open, annotations: *inject}}]}
	END
}

remove_namespaces() {
	kubectl delete namespace e2e-bare e2e-guarded e2e-open-bare e2e-open-guarded --ignore-not-found --wait \
		--timeout 120s
}

setup() {
	say "building the images"
	"$top/hack/images.sh" all || give_up "the images are built"
	say "starting the cluster, or taking the one that is up"
	target_up || give_up "the cluster is up"
	target_load "$top"/build/images/{farguard-,sample-}*.tar || give_up "the images are loaded"
	open_api || give_up "the API answers"
	say "removing what an earlier run left"
	helm uninstall farguard -n farguard --ignore-not-found --wait >/dev/null 2>&1
	kubectl delete namespace farguard --ignore-not-found --wait >/dev/null 2>&1
	remove_namespaces >/dev/null 2>&1
	objects >"$work/objects.before"
	say "installing the chart"
	target_install --set replicas=2 >"$work/install" 2>&1 || {
		sed 's/^/#   /' "$work/install"
		give_up "helm install succeeds and the webhook becomes ready"
	}
	ok "helm install succeeds and the webhook becomes ready"
	namespaces >/dev/null || give_up "namespaces are made"
	within 20 "the API server to reach the webhook" target_guards e2e-guarded || give_up "the API server reaches the webhook"
	if helm test farguard -n farguard --timeout 60s >"$work/helm-test" 2>&1; then
		ok "helm test gets a guarded pod"
	else
		not_ok "helm test gets a guarded pod" "$(cat "$work/helm-test")"
	fi
}

[ $# -gt 0 ] || set -- matrix exec terminal debug survive delete jobs agent attack refuse specs injectors lookup pulls servers rotate outage watch circuit policy chaos uninstall machine
[ "$(id -u)" = 0 ] || {
	skip "end to end" "needs root"
	tap_end
	exit 0
}
if target_local && ! "$top/hack/cluster.sh" status >/dev/null 2>&1; then
	"$here/machine.sh" >"$work/machine.before"
fi
setup
for part; do
	say "part $part"
	case $part in
	exec | debug | survive | delete) [ -n "$stood" ] || stand && stood=1 ;;
	esac
	failed_before=$tap_failed
	"part_$part"
	[ $tap_failed -eq "$failed_before" ] || [ "$part" = uninstall ] || [ "$part" = machine ] || dump e2e-guarded
done
tap_end
