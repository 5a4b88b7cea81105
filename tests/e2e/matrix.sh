# matrix.sh - the twin matrix (twins/run.py), and running pods for the parts that go into pods.
# shellcheck shell=bash disable=SC2154 # read by tests/e2e/run.sh

part_matrix() {
	local -a more=()
	[ "${TWINS:-}" != all ] || more+=(--all)
	[ -z "${TWINS_ONLY:-}" ] || more+=(--only "$TWINS_ONLY")
	[ -z "${TWINS_WRITE:-}" ] || more+=(--write)
	tap_of "$here/twins/run.py" "$api_port" "$target_kube" --table "$top/injector/COVERAGE.md" "${more[@]}"
}

agent_log() { # POD
	api "/api/v1/namespaces/e2e-guarded/pods/$1/log?container=farguard-agent"
}

standing() { # NAMESPACE: whether its pods are ready
	api "/api/v1/namespaces/$1/pods" | python3 -c '
import json, sys
pods = [p for p in json.load(sys.stdin)["items"] if p["metadata"]["name"].endswith("-always")]
sys.exit(0 if pods and all(any(c["type"] == "Ready" and c["status"] == "True" for c in p["status"].get("conditions", []))
                           for p in pods) else 1)'
}

# A pod of each image in e2e-bare and e2e-guarded: NAME-always.
stand() {
	local namespace
	for namespace in e2e-bare e2e-guarded; do
		"$here/twins/standing.py" $namespace | kubectl create -f - >"$work/create" 2>&1 || {
			not_ok "pods are accepted in $namespace" "$(grep -v created "$work/create" | head -n 5)"
			return
		}
	done
	for namespace in e2e-bare e2e-guarded; do
		within 120 "the pods in $namespace to be ready" standing $namespace || not_ok "the pods in $namespace become ready"
	done
}
