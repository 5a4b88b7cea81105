# matrix.sh - every image as every kind of workload, guarded and bare side by side.
# shellcheck shell=bash disable=SC2154 # read by tests/e2e/run.sh

collect_pods() {
	local namespace
	for namespace in e2e-guarded e2e-bare; do
		api "/api/v1/namespaces/$namespace/pods" >"$work/$namespace.pods.json" &&
			api "/apis/batch/v1/namespaces/$namespace/jobs" >"$work/$namespace.jobs.json" || return 1
	done
}

settled() {
	collect_pods && "$here/matrix.py" settled "$work" >"$work/waiting"
}

container_names() { # NAMESPACE: "pod container" lines
	python3 - "$work/$1.pods.json" <<-'END'
		import json, sys
		for pod in json.load(open(sys.argv[1]))["items"]:
		    for c in pod["spec"]["containers"] + pod["spec"].get("initContainers", []):
		        print(pod["metadata"]["name"], c["name"])
	END
}

collect_logs() {
	local namespace pod container
	for namespace in e2e-guarded e2e-bare; do
		while read -r pod container; do
			api "/api/v1/namespaces/$namespace/pods/$pod/log?container=$container" \
				>"$work/$namespace.$pod.$container.log" || rm -f "$work/$namespace.$pod.$container.log"
		done < <(container_names $namespace)
	done
}

agent_log() { # POD
	api "/api/v1/namespaces/e2e-guarded/pods/$1/log?container=farguard-agent"
}

agent_says() { # POD TEXT
	[[ $(agent_log "$1") == *"$2"* ]]
}

# A job's pod ends after its container, a goodbye after that.
verdicts() {
	agent_says static-always '"covered":false' && agent_says busybox-always '"covered":false' &&
		agent_says musl-always '"covered":false'
}

part_matrix() {
	local namespace start=$SECONDS
	for namespace in e2e-bare e2e-guarded; do
		"$here/workloads.py" $namespace | kubectl create -f - >"$work/create.$namespace" 2>&1 || {
			not_ok "the workloads are accepted in $namespace" "$(grep -v created "$work/create.$namespace" | head -n 5)"
			return
		}
	done
	ok "the workloads are accepted in both namespaces, which enforce pod security restricted"
	if ! within 240 "all pods to reach their state" settled; then
		not_ok "all pods reach their state" "$(cat "$work/waiting")"
	else
		ok "all pods reach their state"
		say "pods settled after $((SECONDS - start)) s"
	fi
	within 75 "the agents' verdicts on what they cannot cover" verdicts
	collect_pods
	collect_logs
	tap_of "$here/matrix.py" compare "$work"
	tap_of "$here/records.py" "$work"
}
