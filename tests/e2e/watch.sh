# watch.sh - what the webhook knows of LimitRanges and quotas, also when the API server forgets or ends.
# shellcheck shell=bash disable=SC2154 # read by tests/e2e/run.sh
#
# Owns     Namespace e2e-watch.

watch_limit() { # the agent's, of a pod
	python3 -c '
import json, sys
for container in json.load(sys.stdin).get("spec", {}).get("containers", []):
    if container["name"] == "farguard-agent":
        print(container["resources"]["limits"]["memory"])'
}

# The same of a pod that is only tried; nothing when it is not guarded.
watch_agent_memory() {
	curl -s -m 20 -H 'Content-Type: application/yaml' --data-binary @- \
		"http://127.0.0.1:$api_port/api/v1/namespaces/e2e-watch/pods?dryRun=All" <<-END | watch_limit
		{apiVersion: v1, kind: Pod, metadata: {name: tried}, spec: {containers: [{name: tried, image: tried,
		 resources: {requests: {cpu: 10m, memory: 8Mi}, limits: {cpu: 10m, memory: 8Mi}}}]}}
	END
}

watch_guards() {
	usual=$(watch_agent_memory)
	[ -n "$usual" ]
}

watch_range() { # MAXIMUM of a container's memory
	kubectl -n e2e-watch apply -f - >/dev/null <<-END
		{apiVersion: v1, kind: LimitRange, metadata: {name: range}, spec: {limits: [{type: Container, max: {memory: $1}}]}}
	END
}

watch_pods() {
	kubectl -n farguard get pods -l app.kubernetes.io/name=farguard -o jsonpath='{.items[*].metadata.name}'
}

watch_metric() { # POD NAME
	api "/api/v1/namespaces/farguard/pods/$1:9090/proxy/metrics" | sed -n "s/^farguard_watch_$2 //p"
}

# Every replica has so many objects of a resource.
watch_all_have() { # RESOURCE COUNT
	local pod
	for pod in $(watch_pods); do
		[ "$(watch_metric "$pod" "objects{resource=\"$1\"}")" = "$2" ] || return 1
	done
}

watch_is() { # EXPECTED
	[ "$(watch_agent_memory)" = "$1" ]
}

# Each answer for a while, so that every replica has answered.
watch_always() { # EXPECTED
	local i
	for ((i = 0; i < 20; i++)); do
		watch_is "$1" || return 1
	done
}

# What etcd has compacted, and an API server that has just started, no watch can go on from: 410.
watch_compact() {
	# shellcheck disable=SC2016 # in there
	"$top/hack/cluster.sh" enter sh -c '
		url=http://127.0.0.1:2379/v3
		now=$(curl -s $url/kv/range -d "{\"key\":\"AA==\"}" | sed "s/.*\"revision\":\"\([0-9]*\)\".*/\1/")
		curl -sf $url/kv/compaction -d "{\"revision\":\"$now\",\"physical\":true}"' >/dev/null
}

# Ends the API server; what it was is started again after what is given has been done without it.
watch_restart() { # command...
	# shellcheck disable=SC2016 # in there
	"$top/hack/cluster.sh" enter bash -c '
		for file in /proc/[0-9]*/cmdline; do
			mapfile -d "" -t args <"$file" || continue
			[ "${args[1]:-}" = kube-apiserver ] || continue
			pid=${file#/proc/} pid=${pid%/cmdline}
			kill -9 "$pid"
			while [ -e "/proc/$pid" ]; do sleep 0.05; done
			"${@}"
			setsid "${args[@]}" >>"$0/log/kube-apiserver" 2>&1 </dev/null &
			exit 0
		done
		exit 1' "$cluster_dir" "${@:-true}"
	within 60 "the API server to be back" kubectl get --raw /readyz
	rm -f "$cluster_dir/ended/kube-apiserver"
}

watch_memory() {
	local file
	for file in /proc/[0-9]*/cmdline; do
		[[ $({ tr "\0" " " <"$file"; } 2>/dev/null) == */farguard-webhook* ]] || continue
		sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "${file%/cmdline}/status"
	done | sort -n | tail -n 1
}

part_watch() {
	local usual='' start
	kubectl create -f - >/dev/null <<-END
		{apiVersion: v1, kind: Namespace, metadata: {name: e2e-watch, annotations: {farguard.io/inject: enabled}}}
	END
	# Until its service account is made the API server refuses every pod.
	check "watch: a pod of a namespace that was just made is guarded" within 10 "a service account" watch_guards
	watch_range 32Mi
	start=$(milliseconds)
	check "watch: a LimitRange counts once it is made" within 5 "the LimitRange to count" watch_is 32Mi
	say "after $(($(milliseconds) - start)) ms"
	watch_range 8Gi
	check "watch: changed, it counts as it is" within 5 "the LimitRange to count" watch_always "$usual"
	kubectl -n e2e-watch create quota quota --hard=pods=9 >/dev/null
	check "watch: each replica knows the quota" within 10 "the quota to be seen" watch_all_have resourcequotas 1
	check "watch: and the limit ranges" within 10 "the limit ranges to be seen" watch_all_have limitranges 1
	if target_local; then
		watch_compact
		check "watch: the API server is started again, with its past gone" watch_restart
		kubectl -n e2e-watch delete quota quota >/dev/null
		check "watch: what is deleted after that is forgotten" within 60 "the quota to be forgotten" watch_all_have resourcequotas 0
		watch_range 48Mi
		check "watch: what is changed after that counts" within 40 "the LimitRange to count" watch_always 48Mi
	else
		skip "watch: the API server is started again" "only where it can be reached"
		watch_range 48Mi
	fi
	kubectl -n farguard rollout restart deploy farguard-webhook >/dev/null
	kubectl -n farguard rollout status deploy farguard-webhook --timeout 90s >/dev/null
	within 20 "the API server to reach the webhook" target_guards e2e-guarded
	check "watch: a webhook that was started again knows it from its first answer" watch_always 48Mi
	say "its replicas take $(watch_memory) KiB at most"
	kubectl -n farguard logs -l app.kubernetes.io/name=farguard --tail=-1 | grep '"msg":"not in step"' | sed 's/^/# /' | head -n 5
	kubectl delete namespace e2e-watch --wait >/dev/null
}
