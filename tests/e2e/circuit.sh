# circuit.sh - an image that cannot be pulled: pods hang, the circuit opens, pods start, it closes.
# shellcheck shell=bash disable=SC2154 # read by tests/e2e/run.sh
#
# Owns     Namespaces e2e-circuit and e2e-beside; the release's payload image, put back at the end.

# Nothing listens there: the node is refused at once.
circuit_repository=127.0.0.1:9/farguard-payload

circuit_install() { # helm argument...
	target_install --set replicas=2 "$@" >"$work/install" 2>&1 || {
		sed 's/^/#   /' "$work/install"
		return 1
	}
	# The configuration alone would reach the pods within a minute or two.
	kubectl -n farguard rollout restart deploy farguard-webhook >/dev/null &&
		kubectl -n farguard rollout status deploy farguard-webhook --timeout 90s >/dev/null
}

circuit_pod() { # NAME: its warnings
	kubectl -n e2e-circuit create -f - 2>&1 >/dev/null <<-END
		{apiVersion: v1, kind: Pod, metadata: {name: $1}, spec: {automountServiceAccountToken: false, terminationGracePeriodSeconds: 0,
		 containers: [{name: main, image: farguard.test/sample-busybox:dev, imagePullPolicy: Never, command: [sleep, "1000"]}]}}
	END
}

circuit_phase() { # NAME
	kubectl -n e2e-circuit get pod "$1" -o jsonpath='{.status.phase} {.metadata.labels.farguard\.io/injected}'
}

circuit_is() { # NAME PHASE
	[ "$(circuit_phase "$1")" = "$2" ]
}

circuit_log() { # MESSAGE: how many of the webhook's pods said it of the namespace
	kubectl -n farguard logs -l app.kubernetes.io/name=farguard --tail=-1 --prefix |
		grep "\"msg\":\"$1\"" | grep -c '"namespace":"e2e-circuit"'
}

circuit_said_once() {
	local count
	count=$(circuit_log "circuit open")
	[ "$count" -ge 1 ] && [ "$count" -le 2 ]
}

circuit_closed_everywhere() {
	local pod
	for pod in $(kubectl -n farguard get pods -l app.kubernetes.io/name=farguard -o name); do
		api "/api/v1/namespaces/farguard/pods/${pod#pod/}:9090/proxy/metrics" |
			grep -q '^farguard_circuit_open{namespace="e2e-circuit"} 0$' || return 1
	done
}

part_circuit() {
	local start
	target_local || {
		skip "circuit: an image that cannot be pulled" "only where images can be put on the node"
		return
	}
	check "circuit: with an image that cannot be pulled the webhook starts" circuit_install \
		--set payload.image.repository=$circuit_repository --set payload.image.pullPolicy=IfNotPresent || return
	kubectl create -f - >/dev/null <<-END
		{apiVersion: v1, kind: List, items: [
		 {apiVersion: v1, kind: Namespace, metadata: {name: e2e-circuit, annotations: &inject {farguard.io/inject: enabled}}},
		 {apiVersion: v1, kind: Namespace, metadata: {name: e2e-beside, annotations: *inject}}]}
	END
	within 20 "the API server to reach the webhook" target_guards e2e-circuit
	start=$(milliseconds)
	check "circuit: a pod is accepted" circuit_pod first
	check "circuit: it hangs, injected" circuit_is first "Pending true"
	check "circuit: the circuit opens" within 30 "the circuit to open" eval '! target_guards e2e-circuit'
	say "opened $(($(milliseconds) - start)) ms after the pod was made"
	check "circuit: another namespace stays injected" target_guards e2e-beside
	check "circuit: the next pod says why it is not guarded" eval 'circuit_pod second | grep -q "not guarded by Farguard\|circuit"'
	check "circuit: and starts" within 20 "the pod to run" circuit_is second "Running "
	check "circuit: each replica says so once at most" circuit_said_once
	"$top/hack/cluster.sh" enter ctr -a "${CLUSTER_DIR:-/var/tmp/farguard-cluster}/containerd.sock" -n k8s.io images tag \
		farguard.test/farguard-payload:dev $circuit_repository:dev >/dev/null
	check "circuit: with the image the first pod starts, guarded" within 90 "the node to try again" circuit_is first "Running true"
	check "circuit: the circuit closes" within 10 "the circuit to close" target_guards e2e-circuit
	check "circuit: on each replica" within 10 "each replica to see it" circuit_closed_everywhere
	check "circuit: and the next pod is guarded" circuit_pod third
	check "circuit: it runs" within 20 "the pod to run" circuit_is third "Running true"
	kubectl delete namespace e2e-circuit e2e-beside --wait >/dev/null
	"$top/hack/cluster.sh" enter ctr -a "${CLUSTER_DIR:-/var/tmp/farguard-cluster}/containerd.sock" -n k8s.io images remove \
		$circuit_repository:dev >/dev/null
	check "circuit: the release is as it was" circuit_install
}
