# conform.sh - every rendering and every overlay, by kubeconform and by a real API server.
# shellcheck shell=bash disable=SC2154 # read by tests/chart/run.sh
#
# Why      The two find different things: one holds to the schemas alone, the other to its own code too.
# Owns     The definitions of monitors, rules and certificates, where the cluster has none.
# Limits   Both programs and definitions are Go modules; without a module proxy their part is skipped.

conform_version=v0.8.0
conform_cert_manager=github.com/cert-manager/cert-manager@v1.21.2
conform_operator=github.com/prometheus-operator/prometheus-operator@v0.81.0
conform_made=()

conform_finish() {
	local file
	for file in "${conform_made[@]}"; do
		kubectl delete -f "$file" --ignore-not-found --wait=false >/dev/null 2>&1
	done
}

conform_go() { # ARG...: in a folder of no module
	(cd "$work" && GOFLAGS='' GOWORK=off "$("$top/hack/deps.sh" go)" "$@")
}

# The folder of a module, brought when it is not here.
conform_module() { # MODULE@VERSION
	conform_go mod download -json "$1" 2>/dev/null | awk -F '"' '$2 == "Dir" { print $4 }'
}

conform_define() { # DEFINITION FILE, in pairs: where the cluster lacks it
	while [ $# -gt 0 ]; do
		if ! kubectl get crd "$1" >/dev/null 2>&1; then
			conform_made+=("$2")
			kubectl create -f "$2" >/dev/null || return 1
		fi
		shift 2
	done
}

# The operator's and cert-manager's own definitions.
conform_define_all() {
	local operator manager dir group=monitoring.coreos.com
	operator=$(conform_module "$conform_operator")
	manager=$(conform_module "$conform_cert_manager")
	if [ -z "$operator" ] || [ -z "$manager" ]; then
		echo "a module cannot be downloaded"
		return 1
	fi
	dir=$operator/example/prometheus-operator-crd/$group
	conform_define servicemonitors.$group "${dir}_servicemonitors.yaml" podmonitors.$group "${dir}_podmonitors.yaml" \
		prometheusrules.$group "${dir}_prometheusrules.yaml" \
		certificates.cert-manager.io "$manager/deploy/crds/cert-manager.io_certificates.yaml" \
		issuers.cert-manager.io "$manager/deploy/crds/cert-manager.io_issuers.yaml" || return 1
	within 30 "the API server to know them" knows_definitions
}

knows_definitions() {
	kubectl get --raw /openapi/v2 >"$work/openapi" 2>/dev/null || return 1
	local kind
	for kind in ServiceMonitor PodMonitor PrometheusRule Certificate Issuer; do
		grep -qE "\"(com.coreos.monitoring|io.cert-manager).v1.$kind\"" "$work/openapi" || return 1
	done
}

conform_built() { # kubeconform, from its module
	[ -x "$top/build/tools/kubeconform" ] ||
		GOBIN=$top/build/tools conform_go install "github.com/yannh/kubeconform/cmd/kubeconform@$conform_version" >"$work/kubeconform" 2>&1
}

# In a namespace of ours: a cluster that has Farguard keeps it as it is.
moved() { # FILE: to standard output
	sed -E 's/^( *)(- )?(name|namespace): farguard$/\1\2\3: chart-test/' "$1"
}

dry_run() { # name FILE
	local said
	if said=$(kubectl apply --server-side --force-conflicts --dry-run=server --validate=strict -f "$2" 2>&1) &&
		[[ $said != *Warning* ]]; then
		ok "$1"
	else
		not_ok "$1" "$said"
	fi
}

foreign() { # FILE: has objects that Kubernetes itself does not know
	grep -qE '^apiVersion: (monitoring.coreos.com|cert-manager.io)/' "$1"
}

conform() {
	local overlay name file known=1
	conform_define_all >"$work/define" 2>&1 || known=
	# Without the test's pod: its account is there only after an installation.
	render "$work/conform-defaults.yaml" --no-hooks
	render "$work/conform-other.yaml" --no-hooks --values "$here/other.yaml"
	render "$work/conform-service-monitor.yaml" --no-hooks --set monitoring.serviceMonitor.enabled=true
	cp "$top/manifests/base/farguard.yaml" "$work/conform-base.yaml"
	for overlay in "$top"/manifests/overlays/*/; do
		name=$(basename "$overlay")
		kubectl kustomize "$overlay" >"$work/conform-$name.yaml"
	done
	for file in "$work"/conform-*.yaml; do
		name=$(basename "$file" .yaml)
		name=${name#conform-}
		if [ -z "$known" ] && foreign "$file"; then
			skip "the API server takes $name" "no definitions: $(tail -n 1 "$work/define")"
			continue
		fi
		moved "$file" >"$work/moved.yaml"
		dry_run "the API server takes $name, strictly and without a warning" "$work/moved.yaml"
	done
	conform_built || {
		skip "kubeconform" "it cannot be built: $(tail -n 1 "$work/kubeconform")"
		return
	}
	mkdir "$work/schemas"
	kubectl get --raw /openapi/v2 | "$here/schemas.py" "$work/schemas"
	render "$work/conform-hooks.yaml"
	printf '{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {port: 1}}' >"$work/wrong.yaml"
	check "kubeconform refuses an unknown field" conform_refuses "$work/wrong.yaml"
	for file in "$work"/conform-*.yaml; do
		[ -n "$known" ] || ! foreign "$file" || continue
		name=$(basename "$file" .yaml)
		succeeds "kubeconform takes ${name#conform-}" kubeconform "$file"
	done
}

kubeconform() { # FILE...
	"$top/build/tools/kubeconform" -strict -schema-location "$work/schemas/{{ .ResourceKind }}{{ .KindSuffix }}.json" "$@"
}

conform_refuses() { # FILE
	! kubeconform "$1" >"$work/refused" 2>&1 && grep -q port "$work/refused"
}
