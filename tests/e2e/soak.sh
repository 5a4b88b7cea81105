#!/bin/bash
# soak.sh - pods coming and going for an hour; nothing may grow, fail or go missing (TAP; root).
#
# Why      A leak of a kilobyte a pod, a descriptor a review, a record in a thousand is seen only in time.
# Owns     Namespace e2e-soak, the release `farguard`.  SOAK_MINUTES=N instead of 60.  The machine's
#          cluster is taken down again when it was not up before.
set -uo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
here=$top/tests/e2e
minutes=${SOAK_MINUTES:-60}
SECONDS=0
# shellcheck source=hack/cluster/target.sh
. "$top/hack/cluster/target.sh"
# shellcheck source=tests/e2e/tap.sh
. "$here/tap.sh"
# shellcheck source=tests/e2e/api.sh
. "$here/api.sh"
# shellcheck source=tests/e2e/rotate.sh
. "$here/rotate.sh"

work=$(mktemp -d)
finish() {
	close_api
	kubectl delete namespace e2e-soak --ignore-not-found --wait=false >/dev/null 2>&1
	helm uninstall farguard -n farguard --ignore-not-found >/dev/null 2>&1
	[ -z "$target_started" ] || "$top/hack/cluster.sh" down
	rm -rf "$work"
}
trap finish EXIT

give_up() { # why
	not_ok "$1"
	dump e2e-soak
	tap_end
	exit 1
}

workload() { # the rest of a pod's spec and container, as JSON
	cat <<-END
		{restartPolicy: $1, terminationGracePeriodSeconds: 5, automountServiceAccountToken: false,
		 securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}},
		 containers: [{name: main, image: "farguard.test/sample-glibc:dev", imagePullPolicy: Never, $2
		  securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}]}
	END
}

# The one that stays: its agent is watched, its shell starts a program every two seconds.
resident() {
	kubectl create -f - >/dev/null <<-END
		{apiVersion: v1, kind: Pod, metadata: {name: resident, namespace: e2e-soak}, spec: $(workload Always '')}
	END
}

visitors() { # ROUND: jobs that start programs, and end
	kubectl create -f - >/dev/null <<-END
		{apiVersion: batch/v1, kind: Job, metadata: {name: visitor-$1, namespace: e2e-soak},
		 spec: {completions: 4, parallelism: 4, backoffLimit: 0,
		  template: {spec: $(workload Never 'args: [exit, "0"],')}}}
	END
}

completed() { # ROUND
	[ "$(kubectl -n e2e-soak get job "visitor-$1" -o jsonpath='{.status.succeeded}')" = 4 ]
}

# Each agent's log of a round: whole, numbered, with what ran in it.
logs_are_whole() { # ROUND
	kubectl -n e2e-soak get pods -l "job-name=visitor-$1" -o name | while read -r pod; do
		kubectl -n e2e-soak logs "$pod" -c farguard-agent | python3 -c '
import json, sys
records = [json.loads(line) for line in sys.stdin]
assert [r["seq"] for r in records] == list(range(1, len(records) + 1)), "gaps"
assert records[-1]["kind"] == "goodbye", records[-1]
assert any(r["kind"] == "event" and r["proc"]["args"] == ["/bin/uname", "-s"] for r in records), "uname is missing"
assert not [r for r in records if r["kind"] == "drop"], "drops"' || echo "$pod"
	done >"$work/broken" 2>&1
	[ ! -s "$work/broken" ]
}

ready() {
	[ "$(kubectl -n e2e-soak get pod resident -o jsonpath='{.status.conditions[?(@.type=="Ready")].status}')" = True ]
}

# Memory of the processes of NAME in the cluster, each in KiB, the largest last.
rss() { # NAME
	local pid kib
	ps -C "$1" -o pid=,rss= | while read -r pid kib; do
		! grep -q "kubepods" "/proc/$pid/cgroup" 2>/dev/null || echo "$kib"
	done | sort -n
}

setup() {
	"$top/hack/images.sh" payload webhook samples >/dev/null || give_up "the images are built"
	target_up || give_up "the cluster is up"
	target_load "$top"/build/images/{farguard-payload,farguard-webhook,sample-glibc}.tar >/dev/null || give_up "the images are loaded"
	kubectl delete namespace e2e-soak --ignore-not-found --wait >/dev/null
	target_install --set replicas=2 >/dev/null || give_up "the chart is installed"
	kubectl create -f - >/dev/null <<-END
		{apiVersion: v1, kind: Namespace, metadata: {name: e2e-soak, annotations: {farguard.io/inject: enabled},
		 labels: {farguard.test/fargate-profile: default, pod-security.kubernetes.io/enforce: restricted}}}
	END
	within 30 "the API server to reach the webhook" target_guards e2e-soak || give_up "the API server reaches the webhook"
}

[ "$(id -u)" = 0 ] || ! target_local || {
	skip "soak" "needs root"
	tap_end
	exit 0
}
setup
resident || give_up "a pod is made"
within 60 "it to run" ready || give_up "the resident pod runs"
open_api || give_up "the API answers"
# Beside the pods that run, such as are only tried.
load_begin e2e-soak 50 $((minutes * 60 + 600))
round=0 failed=0 webhook_first=
while [ $SECONDS -lt $((minutes * 60)) ]; do
	round=$((round + 1))
	visitors $round || failed=$((failed + 1))
	kubectl -n e2e-soak exec resident -c main -- /bin/echo "round $round" >/dev/null || failed=$((failed + 1))
	within 120 "round $round to complete" completed $round || failed=$((failed + 1))
	logs_are_whole $round || {
		failed=$((failed + 1))
		sed 's/^/#   /' "$work/broken"
	}
	kubectl -n e2e-soak delete job "visitor-$round" --cascade=foreground >/dev/null
	# Certificates come and go meanwhile.
	[ $((round % 10)) -ne 5 ] || forget tls.crt
	[ $((round % 40)) -ne 20 ] || forget ca.key
	# After some rounds everything has the size that it keeps.
	[ $round -ne 10 ] || webhook_first=$(rss farguard-webhook | tail -n 1)
	[ $((round % 10)) -ne 0 ] || say "$round rounds, $failed failed; webhook $(rss farguard-webhook | tail -n 1) KiB, agent $(rss farguard-agent | tail -n 1) KiB"
done
load_end "soak: reviews all the while"
same "soak: $round rounds of four pods, each seen whole" 0 $failed
same "soak: the resident pod was never restarted" "0 0" \
	"$(kubectl -n e2e-soak get pod resident -o jsonpath='{.status.containerStatuses[*].restartCount}')"
kubectl -n e2e-soak logs resident -c farguard-agent >"$work/resident.log"
check "soak: its agent's log has no gap and every session" python3 -c '
import json, sys
records = [json.loads(line) for line in open(sys.argv[1])]
seen = {r["proc"]["args"][-1] for r in records if r["kind"] == "event" and r["proc"]["args"][:1] == ["/bin/echo"]}
assert [r["seq"] for r in records] == list(range(records[0]["seq"], records[0]["seq"] + len(records)))
missing = [n for n in range(1, int(sys.argv[2]) + 1) if f"round {n}" not in seen]
assert not missing, missing' "$work/resident.log" $round
if target_local && [ -n "$webhook_first" ]; then
	last=$(rss farguard-webhook | tail -n 1)
	check "soak: the webhook grew from $webhook_first to $last KiB, less than a tenth" \
		test "$last" -le $((webhook_first + webhook_first / 10 + 512))
fi
tap_end
