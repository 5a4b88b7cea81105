# lookup.sh - a static image without a command, in a private registry: looked up, wrapped, run.
# shellcheck shell=bash disable=SC2154 # read by tests/e2e/run.sh

registry=
registry_end() {
	[ -z "$registry" ] || kill "$registry" 2>/dev/null
	registry=
}

registry_begin() { # Debian's docker-registry, with TLS and a password, on this machine's end of the cluster's link
	local dir=$work/registry
	mkdir -p "$dir/data"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$dir/tls.key" -out "$dir/ca.crt" \
		-days 2 -subj /CN=registry -addext "subjectAltName=IP:$link_host" 2>/dev/null
	# "secret"
	# shellcheck disable=SC2016 # dollars of bcrypt
	echo 'puller:$2b$05$Htd3Mes1UEExYdi7P7lGkuVo1u8sgyq7dxz7UAU6Jq99drafaYAaW' >"$dir/htpasswd"
	cat >"$dir/config.yml" <<-END
		version: 0.1
		log: {level: error}
		storage: {filesystem: {rootdirectory: $dir/data}}
		http: {addr: "$link_host:5443", tls: {certificate: $dir/ca.crt, key: $dir/tls.key}}
		auth: {htpasswd: {realm: e2e, path: $dir/htpasswd}}
	END
	docker-registry serve "$dir/config.yml" >"$dir/log" 2>&1 &
	registry=$!
	within 20 "the registry" curl -so /dev/null --cacert "$dir/ca.crt" "https://$link_host:5443/v2/" || return 1
	"$here/push.py" "$link_host:5443" "$dir/ca.crt" puller:secret "$top/build/images/sample-static.tar" shop/static:v1 \
		>"$work/digest" || return 1
	# The container runtime trusts it as well.
	mkdir -p "$cluster_dir/certs.d/$link_host:5443"
	cp "$dir/ca.crt" "$cluster_dir/certs.d/$link_host:5443/ca.crt"
}

lookup_pod() { # NAMESPACE NAME EXTRA...
	local namespace=$1 name=$2
	shift 2
	kubectl -n "$namespace" create -f - "$@" <<-END
		{apiVersion: v1, kind: Pod, metadata: {name: $name}, spec: {restartPolicy: Never, ${pull_with:-}
		 containers: [{name: main, image: "$link_host:5443/shop/static${reference:-:v1}", args: ["7", word]}]}}
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
		not_ok "lookup: the registry runs" "$(cat "$work/registry/log")"
		return
	}
	kubectl -n farguard create configmap e2e-registry --from-file=ca.crt="$work/registry/ca.crt" >/dev/null
	for namespace in e2e-open-guarded e2e-open-bare; do
		kubectl -n $namespace create secret docker-registry wrong --docker-server="$link_host:5443" --docker-username=puller \
			--docker-password=wrong >/dev/null
		kubectl -n $namespace create secret docker-registry right --docker-server="$link_host:5443" --docker-username=puller \
			--docker-password=secret >/dev/null
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
	reference=@$(cat "$work/digest")
	check "lookup: by digest too" within 10 "the entrypoint" lookup_is lookup
	for namespace in e2e-open-guarded e2e-open-bare; do
		lookup_pod $namespace looked-up >/dev/null
	done
	same "lookup: the pod runs as without Farguard" "$(lookup_result e2e-open-bare looked-up)" "$(lookup_result e2e-open-guarded looked-up)"
	check "lookup: a static program is covered" within 10 "its coverage" lookup_covered
	registry_end
	target_install --set replicas=2 >"$work/install" 2>&1
	kubectl -n farguard delete configmap e2e-registry >/dev/null
	within 20 "the API server to reach the webhook" target_guards e2e-guarded
}
