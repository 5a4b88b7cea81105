# circuit.sh - an image that cannot be pulled: pods hang, the circuit opens, pods start, it closes.
# shellcheck shell=bash disable=SC2154 # read by tests/e2e/run.sh
#
# Owns     Namespaces e2e-circuit, e2e-beside and e2e-policy, the policy of that name; the release's payload image, put back at the end.

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
	"$top/hack/cluster.sh" enter ctr -a "$cluster_dir/containerd.sock" -n k8s.io images tag \
		farguard.test/farguard-payload:dev $circuit_repository:dev >/dev/null
	check "circuit: with the image the first pod starts, guarded" within 90 "the node to try again" circuit_is first "Running true"
	check "circuit: the circuit closes" within 10 "the circuit to close" target_guards e2e-circuit
	check "circuit: on each replica" within 10 "each replica to see it" circuit_closed_everywhere
	check "circuit: and the next pod is guarded" circuit_pod third
	check "circuit: it runs" within 20 "the pod to run" circuit_is third "Running true"
	kubectl delete namespace e2e-circuit e2e-beside --wait >/dev/null
	"$top/hack/cluster.sh" enter ctr -a "$cluster_dir/containerd.sock" -n k8s.io images remove \
		$circuit_repository:dev >/dev/null
	check "circuit: the release is as it was" circuit_install
}

policy_make() { # an image policy, as a ValidatingAdmissionPolicy, that knows only the samples
	kubectl create -f - >/dev/null <<-'END'
		{apiVersion: v1, kind: List, items: [
		 {apiVersion: v1, kind: Namespace, metadata: {name: e2e-policy, annotations: {farguard.io/inject: enabled}}},
		 {apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicy, metadata: {name: e2e-policy}, spec: {
		  failurePolicy: Fail,
		  matchConstraints: {resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]},
		  variables: [{name: images, expression:
		   "(object.spec.containers + (has(object.spec.initContainers) ? object.spec.initContainers : [])).map(c, c.image)"}],
		  validations: [{expression: "variables.images.all(i, i.startsWith('farguard.test/sample-'))",
		   messageExpression: "'not an image that we allow: ' + variables.images.filter(i, !i.startsWith('farguard.test/sample-')).join(', ')"}]}},
		 {apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicyBinding, metadata: {name: e2e-policy}, spec: {
		  policyName: e2e-policy, validationActions: [Deny],
		  matchResources: {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: e2e-policy}}}}}]}
	END
}

policy_refuses() { # pods that are guarded, so that it is in force
	local said
	said=$(kubectl -n e2e-policy create --dry-run=server -f - 2>&1 <<-'END'
		{apiVersion: v1, kind: Pod, metadata: {name: tried}, spec: {containers: [{name: main, image: other, command: [x]}]}}
	END
	)
	[[ $said == *"not an image that we allow"* ]]
}

policy_ready() { # pods of the Deployment that run, and how many of them are guarded
	kubectl -n e2e-policy get deploy web -o jsonpath='{.status.readyReplicas}'
	echo " $(kubectl -n e2e-policy get pods -l app=web,farguard.io/injected=true -o name | wc -l)"
}

policy_is() { # READY-AND-GUARDED
	[ "$(policy_ready)" = "$1" ]
}

part_policy() {
	policy_make || {
		not_ok "policy: an image policy is made"
		return
	}
	within 20 "the policy to be in force" policy_refuses
	kubectl create -f - >/dev/null <<-'END'
		{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: e2e-policy}, spec: {replicas: 2,
		 selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {terminationGracePeriodSeconds: 0,
		 automountServiceAccountToken: false, containers: [{name: main, image: farguard.test/sample-busybox:dev,
		 imagePullPolicy: Never, command: [sleep, "1000"]}]}}}}
	END
	check "policy: a Deployment whose guarded pods an image policy refuses comes up unguarded" \
		within 90 "its pods" policy_is "2 0"
	check "policy: the Event says why" within 20 "the Event" \
		eval 'kubectl -n e2e-policy get events -o jsonpath="{.items[*].reason}" | grep -q CircuitOpen'
	check "policy: other namespaces stay guarded" target_guards e2e-guarded
	kubectl delete validatingadmissionpolicybinding,validatingadmissionpolicy e2e-policy >/dev/null
	kubectl delete namespace e2e-policy --wait >/dev/null
}
