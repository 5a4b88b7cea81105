# lookup.sh - a static image without a command, in a private registry: looked up, wrapped, run.
# shellcheck shell=bash disable=SC2154 # read by tests/e2e/run.sh

registry_begin() { # the cluster's, with what the parts pull from it
	"$top/hack/cluster.sh" registry >"$work/registry" 2>&1 &&
		"$top/hack/cluster.sh" push "$top"/build/images/{sample-static,sample-musl,farguard-payload}.tar >"$work/pushed" 2>>"$work/registry"
}

registry_end() {
	[ ! -e "$work/registry" ] || "$top/hack/cluster.sh" registry down
}

pull_secrets() { # NAMESPACE: `wrong` and `right`
	kubectl -n "$1" create secret docker-registry wrong --docker-server="$registry" --docker-username="${registry_login%%:*}" \
		--docker-password=wrong >/dev/null
	kubectl -n "$1" create secret docker-registry right --docker-server="$registry" --docker-username="${registry_login%%:*}" \
		--docker-password="${registry_login#*:}" >/dev/null
}

lookup_pod() { # NAMESPACE NAME EXTRA...
	local namespace=$1 name=$2
	shift 2
	kubectl -n "$namespace" create -f - "$@" <<-END
		{apiVersion: v1, kind: Pod, metadata: {name: $name}, spec: {restartPolicy: Never, ${pull_with:-}
		 containers: [{name: main, image: "$registry/sample-static${reference:-:dev}", args: ["7", word]}]}}
	END
}

lookup_how() { # how the pod that is only tried would be covered
	lookup_pod e2e-open-guarded tried --dry-run=server -o 'jsonpath={.metadata.annotations.farguard\.io/status}' |
		python3 -c 'import json,sys; s = json.load(sys.stdin)["containers"]["main"]; print(s.get("how") or s["reason"])'
}

lookup_ended() { # NAMESPACE POD
	[ -n "$(kubectl -n "$1" get pod "$2" -o jsonpath='{.status.containerStatuses[?(@.name=="main")].state.terminated.exitCode}')" ]
}

lookup_result() { # NAMESPACE POD
	within 60 "$2 of $1 to end" lookup_ended "$1" "$2"
	kubectl -n "$1" logs "$2" -c main
	kubectl -n "$1" get pod "$2" -o jsonpath='{.status.containerStatuses[?(@.name=="main")].state.terminated.exitCode}'
}

lookup_is() { # HOW
	[ "$(lookup_how)" = "$1" ]
}

lookup_covered() {
	kubectl -n e2e-open-guarded logs looked-up -c farguard-agent | python3 -c '
import json, sys
records = [json.loads(line) for line in sys.stdin]
sys.exit(not any(r["kind"] == "coverage" and r.get("container") == "main" and r["covered"] and r.get("how") == "lookup" for r in records))'
}

part_lookup() {
	local namespace pull_with='' reference=''
	target_local || {
		skip "lookup: a private registry" "it runs on this machine, which a foreign cluster cannot reach"
		return
	}
	registry_begin || {
		not_ok "lookup: the registry runs" "$(cat "$work/registry")"
		return
	}
	kubectl -n farguard create configmap e2e-registry --from-file=ca.crt="$cluster_dir/pki/ca.crt" >/dev/null
	for namespace in e2e-open-guarded e2e-open-bare; do
		pull_secrets $namespace
	done
	target_install --set replicas=1 --set registryAuthorities=e2e-registry --set config.registry.caFile=/etc/farguard-registry/ca.crt \
		--set 'config.registry.pullSecretNamespaces={e2e-open-guarded}' >"$work/install" 2>&1 ||
		not_ok "lookup: the registry's authority is configured" "$(cat "$work/install")"
	within 20 "the API server to reach the webhook" target_guards e2e-guarded
	same "lookup: without a pull secret nothing is told" self-wrap "$(lookup_how)"
	pull_with='imagePullSecrets: [{name: wrong}],'
	same "lookup: nor with a wrong one" self-wrap "$(lookup_how)"
	# Both are tried, as the kubelet does.
	pull_with='imagePullSecrets: [{name: wrong}, {name: right}],'
	check "lookup: with the right one behind it the entrypoint is found" within 10 "the entrypoint" lookup_is lookup
	reference=@$(awk '/sample-static:/ { print $2 }' "$work/pushed")
	check "lookup: by digest too" within 10 "the entrypoint" lookup_is lookup
	for namespace in e2e-open-guarded e2e-open-bare; do
		lookup_pod $namespace looked-up >/dev/null
	done
	same "lookup: the pod runs as without Farguard" "$(lookup_result e2e-open-bare looked-up)" "$(lookup_result e2e-open-guarded looked-up)"
	check "lookup: a static program is covered" within 10 "its coverage" lookup_covered
	kubectl -n e2e-open-guarded delete secret wrong right >/dev/null
	kubectl -n e2e-open-bare delete secret wrong right >/dev/null
	target_install --set replicas=2 >"$work/install" 2>&1
	kubectl -n farguard delete configmap e2e-registry >/dev/null
	within 20 "the API server to reach the webhook" target_guards e2e-guarded
}
