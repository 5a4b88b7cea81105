# specs.sh - pods by chance through the whole admission, and containers that come to a pod that runs.
# shellcheck shell=bash disable=SC2154 # read by tests/e2e/run.sh

part_specs() {
	local ctl=${FARGUARD_BUILD:-build/${FARGUARD_MODE:-release}}/bin/farguardctl
	tap_of "$here/specs.py" "$api_port" "$top/$ctl"
	kubectl get namespaces -o name | grep '^namespace/e2e-specs-' | xargs -r "$target_kube" kubectl delete --timeout 120s >/dev/null
}

# An ephemeral container, and its status when it has ended.
debugged() { # NAMESPACE CONTAINER ARG...
	local namespace=$1 container=$2
	shift 2
	kubectl -n "$namespace" debug glibc-always --profile=restricted --image=farguard.test/sample-glibc:dev \
		--image-pull-policy=Never --container="$container" --quiet "$@" >"$work/debug" 2>&1 || {
		cat "$work/debug"
		return
	}
	within 30 "$container to end" has_ended "$namespace" "$container"
	kubectl -n "$namespace" logs glibc-always -c "$container"
	echo "status $(debug_state "$namespace" "$container" exitCode)"
}

debug_state() { # NAMESPACE CONTAINER FIELD
	kubectl -n "$1" get pod glibc-always \
		-o jsonpath="{.status.ephemeralContainerStatuses[?(@.name==\"$2\")].state.terminated.$3}"
}

has_ended() {
	[ -n "$(debug_state "$1" "$2" exitCode)" ]
}

is_ephemeral() { # PROGRAM: an agent's line says that it ran in an ephemeral container
	agent_log glibc-always | python3 -c '
import json, sys
records = [json.loads(line) for line in sys.stdin]
sys.exit(0 if any(r["kind"] == "event" and r.get("type") == "execve" and r["proc"]["args"][0] == sys.argv[1]
                  and r["proc"].get("origin") == "ephemeral" for r in records) else 1)' "$1"
}

part_debug() {
	local bare guarded
	bare=$(debugged e2e-bare dbg -- sh -c '/bin/uname -s; exit 7')
	guarded=$(debugged e2e-guarded dbg -- sh -c '/bin/uname -s; exit 7')
	same "debug: an ephemeral container's output and status" "$bare" "$guarded"
	check "debug: the agent names its programs, with origin ephemeral" within 10 "the agent to name it" is_ephemeral /bin/uname
	same "debug: the rest of the pod is as it was" 0 \
		"$(kubectl -n e2e-guarded get pod glibc-always -o jsonpath='{.status.containerStatuses[?(@.name=="main")].restartCount}')"
	# Without a command its image's entrypoint starts, and the loader brings us in.
	bare=$(debugged e2e-bare dbg2 --arguments-only -- exit 9)
	guarded=$(debugged e2e-guarded dbg2 --arguments-only -- exit 9)
	same "debug: one without a command" "$bare" "$guarded"
}
