# trouble.sh - what is refused, what fails, and what is left behind.
# shellcheck shell=bash disable=SC2154 # read by tests/e2e/run.sh

# --- the agent dies -----------------------------------------------------------

# Process ids, as this machine sees them, of the agent's worker in a pod: its PID 1 is the launcher.
workers() { # POD
	local uid file
	local -a arg
	uid=$(api "/api/v1/namespaces/e2e-guarded/pods/$1" | python3 -c 'import json,sys; print(json.load(sys.stdin)["metadata"]["uid"])')
	for file in /proc/[0-9]*/cmdline; do
		{ mapfile -d '' -t arg <"$file"; } 2>/dev/null || continue
		[[ ${arg[0]:-} == */farguard-agent ]] || continue # kernel threads have no arguments
		! grep -q "$uid" "${file%/cmdline}/cgroup" 2>/dev/null || basename "${file%/cmdline}"
	done
}

new_worker() { # POD OLD
	local now
	now=$(workers "$1")
	[ -n "$now" ] && [ "$now" != "$2" ]
}

ready_since() { # POD
	api "/api/v1/namespaces/e2e-guarded/pods/$1" | python3 -c '
import json, sys
status = json.load(sys.stdin)["status"]
print([(c["status"], c["lastTransitionTime"]) for c in status["conditions"] if c["type"] == "Ready"],
      [s["restartCount"] for s in status["containerStatuses"] + status.get("initContainerStatuses", [])])'
}

part_survive() {
	local pod=glibc-always worker before round
	target_local || {
		skip "survive: the agent's worker is killed" "only where its process can be reached"
		return
	}
	before=$(ready_since $pod)
	for round in 1 2 3; do
		worker=$(workers $pod)
		if [ "$(wc -w <<<"$worker")" != 1 ]; then
			not_ok "survive: the agent has one worker" "found <$worker>"
			return
		fi
		kill -9 "$worker"
		within 15 "another worker" new_worker $pod "$worker" || {
			not_ok "survive: a killed worker is started again"
			return
		}
		kubectl -n e2e-guarded exec $pod -c main -- /bin/echo "round $round" >/dev/null
	done
	ok "survive: a killed worker is started again, three times"
	for round in 1 2 3; do
		sees $pod "[\"/bin/echo\", \"round $round\"]"
	done
	same "survive: the pod stayed ready and nothing in it was restarted" "$before" "$(ready_since $pod)"
	agent_log $pod >"$work/survive.log"
	check "survive: the sequence has no gaps" python3 -c '
import json, sys
seq = [json.loads(line)["seq"] for line in open(sys.argv[1])]
sys.exit(seq != list(range(1, len(seq) + 1)))' "$work/survive.log"
}

# --- pods that Fargate refuses --------------------------------------------------

refused() { # NAMESPACE SPEC-FIELDS CONTAINER-FIELDS
	kubectl -n "$1" create --dry-run=server -f - 2>&1 <<-END
		{apiVersion: v1, kind: Pod, metadata: {name: refused}, spec: {automountServiceAccountToken: false, $2
		 containers: [{name: main, image: farguard.test/sample-glibc:dev, $3}]}}
	END
}

part_refuse() {
	local name spec container bare guarded
	while IFS='|' read -r name spec container; do
		bare=$(refused e2e-open-bare "$spec" "$container")
		guarded=$(refused e2e-open-guarded "$spec" "$container" | grep -v '^Warning: ')
		same "refuse: $name, in the same words as without Farguard" "$bare" "$guarded"
		[[ $name == "an ordinary pod" ]] || check "refuse: $name is refused" test -z "${bare##*not supported on Fargate*}"
	done <<-'END'
		an ordinary pod||
		host network|hostNetwork: true,|
		host process ids|hostPID: true,|
		a host path|volumes: [{name: v, hostPath: {path: /etc}}],|
		a privileged container||securityContext: {privileged: true}
		an added capability||securityContext: {capabilities: {add: [SYS_PTRACE]}}
		a host port||ports: [{containerPort: 80, hostPort: 8080}]
	END
	bare=$(refused e2e-bare '' '' | sed 's/e2e-bare/NS/g')
	guarded=$(refused e2e-guarded '' '' | grep -v '^Warning: ' | sed 's/e2e-guarded/NS/g')
	same "refuse: what pod security refuses, it refuses in the same words" "$bare" "$guarded"
}

# --- the webhook is away ---------------------------------------------------------

simple_pod() { # NAME
	kubectl -n e2e-guarded create -f - >/dev/null <<-END
		{apiVersion: v1, kind: Pod, metadata: {name: $1}, spec: {restartPolicy: Never,
		 securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}},
		 containers: [{name: main, image: farguard.test/sample-glibc:dev, imagePullPolicy: Never, args: [exit, "0"],
		  securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}]}}
	END
}

pod_phase() {
	kubectl -n e2e-guarded get pod "$1" -o jsonpath='{.status.phase}'
}

succeeded() {
	[ "$(pod_phase "$1")" = Succeeded ]
}

injected() {
	[ "$(kubectl -n e2e-guarded get pod "$1" -o jsonpath='{.metadata.labels.farguard\.io/injected}')" = true ]
}

no_webhook_pods() {
	[ -z "$(kubectl -n farguard get pods -l app.kubernetes.io/name=farguard -o name)" ]
}

scaled_to_none() {
	[ "$(kubectl -n farguard get deploy farguard-webhook -o jsonpath='{.status.observedGeneration} {.status.replicas}')" = \
		"$(kubectl -n farguard get deploy farguard-webhook -o jsonpath='{.metadata.generation}') " ] && no_webhook_pods
}

part_outage() {
	local replicas start
	replicas=$(kubectl -n farguard get deploy farguard-webhook -o jsonpath='{.spec.replicas}')
	kubectl -n farguard scale deploy farguard-webhook --replicas 0 >/dev/null
	# Killed, not asked to end: connections that the API server keeps are cut.
	kubectl -n farguard delete pods --all --force --grace-period=0 >/dev/null 2>&1
	start=$(milliseconds)
	check "outage: a pod is accepted while the webhook is being killed" simple_pod outage-1
	within 30 "the webhook's pods to go" scaled_to_none
	# Its process may answer on a kept connection for as long as it drains.
	within 30 "the webhook to be silent" eval '! target_guards e2e-guarded'
	check "outage: a pod is accepted without the webhook" simple_pod outage-2
	within 30 "it to end" succeeded outage-2
	same "outage: it runs" Succeeded "$(pod_phase outage-2)"
	check "outage: it is not injected" eval '! injected outage-2'
	say "both took $(($(milliseconds) - start)) ms"
	kubectl -n farguard scale deploy farguard-webhook --replicas "$replicas" >/dev/null
	kubectl -n farguard rollout status deploy farguard-webhook --timeout 60s >/dev/null
	within 20 "the API server to reach the webhook" target_guards e2e-guarded
	check "outage: with the webhook back a pod is accepted" simple_pod outage-3
	check "outage: and injected" injected outage-3
	within 30 "it to end" succeeded outage-3
	same "outage: and it runs" Succeeded "$(pod_phase outage-3)"
}

# --- the end --------------------------------------------------------------------

part_uninstall() {
	local left
	remove_namespaces >/dev/null 2>&1
	check "uninstall: helm uninstall succeeds" helm uninstall farguard -n farguard --wait --timeout 60s
	within 30 "the webhook's pods to go" no_webhook_pods
	left=$(kubectl -n farguard get all,configmaps,secrets,serviceaccounts,roles,rolebindings,pdb,netpol -o name |
		grep -vE '^(configmap/kube-root-ca.crt|serviceaccount/default)$')
	same "uninstall: nothing is left in the namespace" "" "$left"
	kubectl delete namespace farguard --wait >/dev/null 2>&1
	objects >"$work/objects.after"
	left=$(diff "$work/objects.before" "$work/objects.after")
	same "uninstall: the cluster has the objects that it had before" "" "$left"
}

part_machine() {
	if ! target_local || [ -z "$target_started" ]; then
		skip "machine: taking the cluster down leaves nothing" "the cluster was up before"
		return
	fi
	close_api
	"$top/hack/cluster.sh" down
	target_started=
	"$here/machine.sh" >"$work/machine.after"
	same "machine: taking the cluster down leaves nothing" "" "$(diff "$work/machine.before" "$work/machine.after")"
}
