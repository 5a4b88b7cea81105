#!/bin/bash
# certificates.sh [build] - the webhook with the certificate of the real cert-manager, on a real API server (TAP; root).
#
#   build: only cert-manager's programs
#
# Why      Only cert-manager's own programs show what they write, and in which order.  They are built from its Go
#          module and run as plain processes; so does the webhook, which the Service's address leads to.
# Owns     The namespace farguard, a release in it, cert-manager's CRDs; the cluster, which must not be up before.
# Limits   The build is kept in build/certificates and takes minutes once; the test takes two.
set -uo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=${FARGUARD_BUILD:-$top/build/${FARGUARD_MODE:-release}}
module=github.com/cert-manager/cert-manager
# The last one whose programs are in the module itself.
version=v1.11.5
made=$top/build/certificates
# shellcheck source=tests/e2e/tap.sh
. "$top/tests/e2e/tap.sh"
# shellcheck source=hack/cluster/address.sh
. "$top/hack/cluster/address.sh"

work=$(mktemp -d)
started=()
finish() {
	[ ${#started[@]} -eq 0 ] || kill "${started[@]}" 2>/dev/null
	"$top/hack/cluster.sh" down >/dev/null 2>&1
	rm -rf "$work"
}

kubectl() {
	"$top/hack/cluster.sh" kubectl "$@"
}

give_up() { # why what was said
	not_ok "$1" "${2:-}"
	tap_end
	exit 1
}

build_programs() {
	local go
	[ ! -x "$made/controller" ] || [ ! -x "$made/cainjector" ] || return 0
	go=$("$top/hack/deps.sh" go) && mkdir -p "$made" && cd "$made" || return 1
	printf 'module certificates\n\ngo 1.25\n\nrequire %s %s\n' "$module" "$version" >go.mod
	printf '//go:build tools\n\npackage certificates\n\nimport (\n\t_ "%s/cmd/cainjector"\n\t_ "%s/cmd/controller"\n)\n' \
		"$module" "$module" >tools.go
	"$go" mod tidy && "$go" build -ldflags='-s -w' -o . $module/cmd/controller $module/cmd/cainjector
}

crds() { # those of the module, whose labels are helm's
	local file
	for file in "$("$("$top/hack/deps.sh" go)" env GOMODCACHE)/$module@$version"/deploy/crds/crd-*.yaml; do
		sed 's/{{[^}]*}}/cert-manager/g' "$file"
		echo ---
	done
}

# The Service leads to the webhook beside the cluster.
service() {
	kubectl -n farguard delete service farguard-webhook >/dev/null
	kubectl apply -f - 2>/dev/null <<-END
		{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "farguard-webhook", "namespace": "farguard"},
		 "spec": {"ports": [{"port": 443, "targetPort": 18443}]}}
		---
		{"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "farguard-webhook", "namespace": "farguard"},
		 "subsets": [{"addresses": [{"ip": "$link_host"}], "ports": [{"port": 18443}]}]}
	END
}

probe() {
	"$build/bin/farguard-webhook" "${options[@]}" --probe >"$work/probe" 2>&1
}

ready() {
	curl -sk -m 5 "https://$link_host:18443/readyz" | grep -qx ok
}

leaf() {
	openssl s_client -connect "$link_host":18443 </dev/null 2>/dev/null | openssl x509 -noout -fingerprint 2>/dev/null
}

renewed() {
	probe || failed=$((failed + 1))
	[ -n "$(leaf)" ] && [ "$(leaf)" != "$first" ]
}

if [ "${1:-}" = build ]; then
	build_programs
	exit
fi
[ -x "$build/bin/farguard-webhook" ] || give_up "no $build/bin/farguard-webhook"
build_programs >"$work/build" 2>&1 || {
	skip "cert-manager" "it cannot be built: $(tail -n 1 "$work/build")"
	tap_end
	exit 0
}
"$top/hack/cluster.sh" status >/dev/null 2>&1 && {
	skip "cert-manager" "the cluster is in use"
	tap_end
	exit 0
}
trap finish EXIT
"$top/hack/cluster.sh" up >"$work/up" 2>&1 || give_up "the cluster comes up" "$(tail -n 3 "$work/up")"
kubectl config view --raw >"$work/kubeconfig"
crds | kubectl apply --server-side -f - >"$work/crds" 2>&1 || give_up "cert-manager's CRDs" "$(cat "$work/crds")"
kubectl create namespace farguard >/dev/null
"$made/controller" --kubeconfig "$work/kubeconfig" --leader-elect=false --metrics-listen-address 127.0.0.1:0 \
	--cluster-resource-namespace farguard >"$work/controller" 2>&1 &
started+=($!)
"$made/cainjector" --kubeconfig "$work/kubeconfig" --leader-elect=false >"$work/cainjector" 2>&1 &
started+=($!)
"$top/hack/cluster.sh" helm install farguard "$top/charts/farguard" -n farguard --set nodeSelector.none=none \
	--set config.tls.source=cert-manager >"$work/helm" 2>&1 || give_up "helm install" "$(cat "$work/helm")"
service >/dev/null || give_up "the Service"
kubectl -n farguard create token farguard-webhook >"$work/token"
kubectl -n farguard get configmap kube-root-ca.crt -o jsonpath='{.data.ca\.crt}' >"$work/ca.crt"
printf 'server: {listen: "%s:18443", metrics: "127.0.0.1:19190"}\ntls: {source: cert-manager}\n' "$link_host" >"$work/farguard.yaml"
options=(--config "$work/farguard.yaml" --api-server "https://$link_cluster:6443" --ca-file "$work/ca.crt"
	--token-file "$work/token" --namespace farguard)
"$build/bin/farguard-webhook" "${options[@]}" --drain-seconds 0 2>"$work/log" &
started+=($!)
within 60 "the webhook to be ready" ready
if probe; then
	ok "the API server trusts the certificate of cert-manager by what cainjector wrote"
else
	not_ok "the API server trusts the certificate of cert-manager by what cainjector wrote" "$(cat "$work/probe" "$work/log")"
fi
first=$(leaf) failed=0
kubectl -n farguard delete secret farguard-tls >/dev/null
within 60 "a new certificate" renewed
same "a certificate that is issued anew is served, and no call fails meanwhile" 0 "$failed"
tap_end
