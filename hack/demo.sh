#!/bin/bash
# demo.sh - a real Kubernetes on this machine, Farguard in it, and what it sees (root).
#
# It can be run again; the cluster stays up.  FARGUARD_E2E_KUBECONFIG=FILE takes another cluster
# (see hack/cluster/target.sh).
set -uo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=hack/cluster/target.sh
. "$top/hack/cluster/target.sh"
started=$SECONDS
step=0

title() {
	step=$((step + 1))
	printf '\n\033[1m%d. %s\033[0m  (%d s)\n' $step "$*" $((SECONDS - started))
}

say() {
	printf '   %s\n' "$*"
}

run() { # show a command, then run it with its output moved in
	printf '   $ %s\n' "$*"
	"$@" 2>&1 | sed 's/^/     /'
	return "${PIPESTATUS[0]}"
}

fail() {
	printf '\ndemo: %s\n' "$*" >&2
	kubectl get pods -A -o wide >&2 || true
	kubectl -n shop get events --sort-by=.lastTimestamp 2>/dev/null | tail -n 15 >&2
	kubectl -n farguard logs deploy/farguard-webhook --tail 15 >&2 2>/dev/null
	for pod in $(kubectl -n shop get pods -o name 2>/dev/null); do
		echo "-- $pod" >&2
		kubectl -n shop logs "$pod" --all-containers --tail 5 >&2
	done
	exit 1
}

# Waits with a line each time that something changed.
await() { # seconds what command...
	local end=$((SECONDS + $1)) what=$2 last='' now
	shift 2
	until "$@"; do
		[ $SECONDS -lt $end ] || fail "$what: not within the time"
		now=$(kubectl -n shop get pods --no-headers -o custom-columns=N:.metadata.name,S:.status.phase 2>/dev/null |
			awk '{ n[$2]++ } END { for (s in n) printf "%s%d %s", sep, n[s], s; sep = ", " }')
		[ "$now" = "$last" ] || say "waiting for $what: pods ${now:-none yet}"
		last=$now
		sleep 0.5
	done
}

settled() {
	[ "$(kubectl -n shop get deploy -o jsonpath='{range .items[*]}{.status.readyReplicas} {end}' 2>/dev/null)" = "1 1 1 " ] &&
		[ "$(kubectl -n shop get job report -o jsonpath='{.status.succeeded}' 2>/dev/null)" = 1 ]
}

pod_of() { # APP: the youngest pod of it that is not ending
	kubectl -n shop get pods -l "app=$1" --sort-by=.metadata.creationTimestamp \
		--no-headers -o custom-columns=N:.metadata.name,D:.metadata.deletionTimestamp |
		awk '$2 == "<none>" { name = $1 } END { print name }'
}

agent_log() { # APP
	kubectl -n shop logs "$(pod_of "$1")" -c farguard-agent
}

seen() { # APP TEXT
	[[ $(agent_log "$1" 2>/dev/null) == *"$2"* ]]
}

[ "$(id -u)" = 0 ] || ! target_local || {
	echo "demo: needs root (sudo), or FARGUARD_E2E_KUBECONFIG" >&2
	exit 1
}

title "A Kubernetes cluster, shaped like EKS Fargate"
target_up || fail "the cluster did not come up"
run kubectl get nodes

title "Farguard's images and four sample workloads, built from this tree"
"$top/hack/images.sh" payload webhook samples 2>&1 | sed 's/^/   /'
[ "${PIPESTATUS[0]}" -eq 0 ] || fail "an image was not built"
target_load "$top"/build/images/farguard-{payload,webhook}.tar "$top"/build/images/sample-{glibc,static,python,nginx}.tar ||
	fail "the images cannot be loaded"

title "Install Farguard"
say "\$ helm install farguard charts/farguard --namespace farguard --create-namespace ..."
target_install --set replicas=1 >/dev/null || fail "helm could not install the chart"
# The images have one tag for every build of this tree: pods must take the newest.
kubectl -n farguard rollout restart deployment/farguard-webhook >/dev/null
kubectl -n farguard rollout status deployment/farguard-webhook --timeout 60s >/dev/null || fail "the webhook is not ready"
run kubectl -n farguard get pods

title "A namespace on Fargate that enforces pod security 'restricted', and one annotation"
kubectl delete namespace shop --ignore-not-found --wait >/dev/null 2>&1
run kubectl apply -f "$top/hack/demo/namespace.yaml" || fail "no namespace"
run kubectl annotate namespace shop farguard.io/inject=enabled || fail "no annotation"
await 20 "the API server to ask the webhook" target_guards shop

title "Four unmodified workloads: nginx, a shell worker, a Python job, a static program"
run kubectl apply -f "$top/hack/demo/shop.yaml" || fail "the workloads were refused"
await 90 "all of them ready, the job complete" settled
run kubectl -n shop get pods

title "Somebody gets a shell in the web server"
run kubectl -n shop exec "$(pod_of web)" -c nginx -- sh -c 'cat /etc/passwd | head -n 1; id -u' || fail "exec failed"
await 15 "the agent to report it" seen web '"exec"'

title "What Farguard saw in it: kubectl -n shop logs $(pod_of web) -c farguard-agent"
agent_log web | "$top/hack/demo/show.py" hello coverage event | tail -n 12
say "one of these lines as it is:"
agent_log web | grep -F '"exec"' | head -n 1 | sed 's/^/     /'

title "The worker's programs, and the job's"
agent_log worker | "$top/hack/demo/show.py" event | head -n 8
agent_log report | "$top/hack/demo/show.py" event goodbye | tail -n 8

title "What Farguard does not see, it says"
await 60 "the agent's verdict on the static program" seen legacy '"covered":false'
agent_log legacy | "$top/hack/demo/show.py" coverage
say "what the webhook could plan, by the annotation farguard.io/status; the records above are what came of it:"
for app in web worker report legacy; do
	kubectl -n shop get pod "$(pod_of $app)" -o json | python3 -c '
import json, sys
pod = json.load(sys.stdin)
status = json.loads(pod["metadata"].get("annotations", {}).get("farguard.io/status", "{}"))
for name, c in status.get("containers", {}).items():
    print("   %-32s %-8s %s" % (pod["metadata"]["name"], name, c.get("how") or "not covered: %s" % c.get("reason")))'
done

title "Done; the cluster stays up"
cat <<END
   export KUBECONFIG=$KUBECONFIG
   alias kubectl='$top/hack/cluster.sh kubectl'
   kubectl -n shop exec -it deploy/worker -c worker -- sh           # do something in there, then
   kubectl -n shop logs deploy/worker -c farguard-agent -f | hack/demo/show.py
   kubectl -n shop get pods -o yaml                                 # what was added, and farguard.io/status
   kubectl annotate namespace shop farguard.io/inject- && kubectl -n shop rollout restart deployment   # unguarded again
   hack/cluster.sh status
   hack/cluster.sh down                                             # takes everything down, leaves nothing
END
