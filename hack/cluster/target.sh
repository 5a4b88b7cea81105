# target.sh - the cluster that demo and tests act on: this machine's own, or one that is given.
# shellcheck shell=bash disable=SC2034 # the tests read it
#
# Why      FARGUARD_E2E_KUBECONFIG=FILE takes another cluster.  Its nodes must get the images:
#          FARGUARD_E2E_LOAD=COMMAND is run with the OCI archives as arguments, for example
#          "kind load image-archive --name test"; without it they are expected to be there.
# Owns     Nothing; target_up says in target_started whether it started the machine's own cluster.

# shellcheck source=hack/cluster/address.sh
. "$(dirname "${BASH_SOURCE[0]}")/address.sh"
top=${top:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
target_started=
target_kube=$top/build/cluster/kube
export KUBECACHEDIR=$top/build/cluster/cache HELM_CACHE_HOME=$top/build/cluster/cache/helm
export HELM_CONFIG_HOME=$HELM_CACHE_HOME HELM_DATA_HOME=$HELM_CACHE_HOME

target_local() {
	[ -z "${FARGUARD_E2E_KUBECONFIG:-}" ]
}

target_up() {
	"$top/hack/cluster.sh" build || return 1
	if ! target_local; then
		export KUBECONFIG=$FARGUARD_E2E_KUBECONFIG
		"$target_kube" kubectl version >/dev/null || return 1
		return 0
	fi
	"$top/hack/cluster.sh" status >/dev/null 2>&1 || target_started=1
	"$top/hack/cluster.sh" up >/dev/null || return 1
	export KUBECONFIG=$cluster_dir/kubeconfig
}

target_load() { # FILE...
	if target_local; then
		"$top/hack/cluster.sh" load "$@"
	elif [ -n "${FARGUARD_E2E_LOAD:-}" ]; then
		# shellcheck disable=SC2086 # a command with its arguments
		$FARGUARD_E2E_LOAD "$@"
	fi
}

kubectl() {
	"$target_kube" kubectl "$@"
}

helm() {
	"$target_kube" helm "$@"
}

# Installs or upgrades the chart with the images of this tree; further arguments go to helm.
target_install() {
	helm upgrade --install farguard "$top/charts/farguard" --namespace farguard --create-namespace \
		--set image.repository=farguard.test/farguard-webhook --set image.tag=dev \
		--set image.pullPolicy=Never --set payload.image.repository=farguard.test/farguard-payload \
		--set payload.image.tag=dev --set payload.image.pullPolicy=Never --wait --timeout 120s "$@"
}

# Whether a pod in NAMESPACE, which is only tried, comes out guarded: the API server reaches the webhook's
# Service a moment after its pods are ready.
target_guards() { # NAMESPACE
	[ "$(kubectl -n "$1" create --dry-run=server -o 'jsonpath={.metadata.labels.farguard\.io/injected}' -f - 2>/dev/null <<-END
		{apiVersion: v1, kind: Pod, metadata: {name: tried}, spec: {
		 securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}},
		 containers: [{name: tried, image: tried,
		  securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}]}}
	END
	)" = true ]
}
