# chaos.sh - pods start and end while Farguard's processes are killed; none differs from its bare twin.
# shellcheck shell=bash disable=SC2154 # read by tests/e2e/run.sh
#
# Owns     Namespaces e2e-chaos-bare and e2e-chaos-guarded.  CHAOS_PODS=N guarded pods instead of 46 (`make chaos`:
#          3000), CHAOS_SEED=N for the choices of an earlier run, CHAOS_PARALLEL=N twins at a time.

part_chaos() {
	local namespace init
	target_local || {
		skip "chaos: killed as they start" "only where the processes can be reached"
		return
	}
	kubectl delete namespace e2e-chaos-bare e2e-chaos-guarded --ignore-not-found --wait >/dev/null
	kubectl create -f - >/dev/null <<-END
		{apiVersion: v1, kind: List, items: [
		 {apiVersion: v1, kind: Namespace, metadata: {name: e2e-chaos-bare, labels: &restricted {
		  farguard.test/fargate-profile: default, pod-security.kubernetes.io/enforce: restricted}}},
		 {apiVersion: v1, kind: Namespace, metadata: {name: e2e-chaos-guarded, labels: *restricted,
		  annotations: {farguard.io/inject: enabled}}}]}
	END
	for namespace in e2e-chaos-bare e2e-chaos-guarded; do
		# Until its service account is made the API server refuses every pod.
		within 20 "a service account" kubectl -n $namespace get serviceaccount default
	done
	within 20 "the webhook to know the namespace" target_guards e2e-chaos-guarded
	read -r init _ <"$cluster_dir/init"
	tap_of env CHAOS_PODS="${CHAOS_PODS:-46}" "$here/chaos.py" "$api_port" "$cluster_dir" "$cgroup" "$init" "$top/hack/cluster.sh"
	kubectl delete namespace e2e-chaos-bare e2e-chaos-guarded --wait >/dev/null
}
