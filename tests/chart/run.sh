#!/bin/bash
# run.sh [PART...] - the chart and the plain manifests (TAP).
#
#   parts: rendered (lint, renderings, schema, overlays), installed (a real API server), running (with the
#   programs in it); all by default
#
# Owns     The namespaces chart-*; on a cluster that is up and has no Farguard a release in them.
# Limits   Without a cluster, or without farguardctl, what needs them is skipped with the reason.
set -uo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
here=$top/tests/chart
chart=$top/charts/farguard
build=${FARGUARD_BUILD:-$top/build/${FARGUARD_MODE:-release}}
# shellcheck source=tests/e2e/tap.sh
. "$top/tests/e2e/tap.sh"
# shellcheck source=tests/chart/installed.sh
. "$here/installed.sh"
# shellcheck source=tests/chart/conform.sh
. "$here/conform.sh"
# shellcheck source=tests/chart/running.sh
. "$here/running.sh"
# shellcheck source=tests/chart/selection.sh
. "$here/selection.sh"
# shellcheck source=tests/chart/monitoring.sh
. "$here/monitoring.sh"
# shellcheck source=tests/chart/manifests.sh
. "$here/manifests.sh"

work=$(mktemp -d)
trap 'installed_finish; running_finish; rm -rf "$work"' EXIT

helm() {
	"$top/hack/cluster.sh" helm "$@"
}

kubectl() {
	"$top/hack/cluster.sh" kubectl "$@"
}

render() { # FILE ARG...: to FILE
	local file=$1
	shift
	helm template farguard "$chart" --namespace farguard "$@" >"$file" 2>"$file.err"
}

succeeds() { # name command...: with what it said when it does not
	local name=$1 said
	shift
	if said=$("$@" 2>&1); then
		ok "$name"
	else
		not_ok "$name" "$said"
	fi
}

at() { # FILE PATH: what stands there, as JSON
	"$here/rendered.py" value "$1" "$2"
}

# name PATH EXPECTED ARG...: what a rendering with ARG has at PATH
has() {
	local name=$1 path=$2 want=$3
	shift 3
	if render "$work/has.yaml" "$@"; then
		same "$name" "$want" "$(at "$work/has.yaml" "$path")"
	else
		not_ok "$name" "$(cat "$work/has.yaml.err")"
	fi
}

refuses() { # WORD ARG...: the schema names WORD
	local word=$1
	shift
	if render "$work/refused.yaml" "$@"; then
		not_ok "the schema refuses $*"
	elif grep -qF "$word" "$work/refused.yaml.err"; then
		ok "the schema refuses $*"
	else
		not_ok "the schema refuses $* and names $word" "$(cat "$work/refused.yaml.err")"
	fi
}

renderings() {
	local digest=sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
	local pod='Deployment/farguard-webhook|spec|template|spec' hook='MutatingWebhookConfiguration/farguard|webhooks|0'
	has "a digest wins over a tag" "$pod|containers|0|image" "\"r.test/w@$digest\"" \
		--set image.repository=r.test/w --set image.tag=x --set image.digest=$digest
	has "a tag wins over the version" "$pod|containers|0|image" '"r.test/w:x"' \
		--set image.repository=r.test/w --set image.tag=x
	has "one replica has no disruption budget" 'PodDisruptionBudget/farguard-webhook' null --set replicas=1
	has "further namespaces are excluded" "$hook|namespaceSelector|matchExpressions|0|values" \
		'["kube-system", "farguard", "a", "b"]' --set 'webhook.excludeNamespaces={a,b}'
	has "the label-only mode selects namespaces" "$hook|namespaceSelector|matchExpressions|1" \
		'{"key": "farguard.io/inject", "operator": "In", "values": ["enabled"]}' --set webhook.labelOnly=true
	has "the release's namespace is what is excluded" "$hook|namespaceSelector|matchExpressions|0|values" \
		'["kube-system", "elsewhere"]' --namespace elsewhere
	has "the Service's namespace is the release's" "$hook|clientConfig|service|namespace" '"elsewhere"' --namespace elsewhere
	has "fail closed" "$hook|failurePolicy" '"Fail"' --set webhook.failurePolicy=Fail
	has "pull secrets" "$pod|imagePullSecrets" '[{"name": "regcred"}]' --set 'imagePullSecrets[0].name=regcred'
	has "a pod's label cannot replace ours" \
		'Deployment/farguard-webhook|spec|template|metadata|labels|app.kubernetes.io/name' '"farguard"' \
		--set 'podLabels.app\.kubernetes\.io/name=other'
	has "a pod's label is added" 'Deployment/farguard-webhook|spec|template|metadata|labels|team' '"sec"' --set podLabels.team=sec
	has "an affinity replaces ours" "$pod|affinity" '{"nodeAffinity": {}}' --set-json 'affinity={"nodeAffinity":{}}'
	has "the port follows the configuration" "$pod|containers|0|ports|0|containerPort" 9444 --set config.server.listen=:9444
	has "the log level is passed" "$pod|containers|0|args" \
		'["--config", "/etc/farguard/farguard.yaml", "--log-level", "debug"]' --set logLevel=debug
	has "zones by default" "$pod|topologySpreadConstraints|0|topologyKey" '"topology.kubernetes.io/zone"'
	has "a topology constraint of one's own selects our pods" "$pod|topologySpreadConstraints" \
		'[{"labelSelector": {"matchLabels": {"app.kubernetes.io/component": "webhook", "app.kubernetes.io/name": "farguard"}}, '\
'"maxSkew": 2, "topologyKey": "rack", "whenUnsatisfiable": "DoNotSchedule"}]' \
		--set 'topologySpreadConstraints[0].topologyKey=rack,topologySpreadConstraints[0].maxSkew=2' \
		--set 'topologySpreadConstraints[0].whenUnsatisfiable=DoNotSchedule'
	has "a label of all objects" 'ClusterRole/farguard-webhook|metadata|labels|team' '"sec"' --set commonLabels.team=sec
	has "it cannot replace ours" 'Deployment/farguard-webhook|metadata|labels|app.kubernetes.io/name' '"farguard"' \
		--set 'commonLabels.app\.kubernetes\.io/name=other'
	has "what an eviction may take" 'PodDisruptionBudget/farguard-webhook|spec|maxUnavailable' '"34%"' \
		--set podDisruptionBudget.maxUnavailable=34%
	has "no network policy unless asked" NetworkPolicy/farguard-webhook null
	has "admission is open to all, metrics to those that are named" 'NetworkPolicy/farguard-webhook|spec|ingress' \
		'[{"ports": [{"port": "admission", "protocol": "TCP"}]}, {"from": [{"podSelector": {"matchLabels": {"a": "b"}}}], '\
'"ports": [{"port": "metrics", "protocol": "TCP"}]}]' \
		--set networkPolicy.enabled=true --set-json 'networkPolicy.metricsFrom=[{"podSelector":{"matchLabels":{"a":"b"}}}]'
	has "egress to peers of one's own" 'NetworkPolicy/farguard-webhook|spec|egress|1|to' '[{"ipBlock": {"cidr": "10.0.0.0/8"}}]' \
		--set networkPolicy.enabled=true --set 'networkPolicy.egressTo[0].ipBlock.cidr=10.0.0.0/8'
	has "no condition by default" "$hook|matchConditions" null
	has "only pods of Fargate are sent where only they are injected" "$hook|matchConditions|0|name" '"fargate"' \
		--set config.inject.fargateOnly=true --kube-version 1.28
	has "no condition where the API server knows none" "$hook|matchConditions" null \
		--set config.inject.fargateOnly=true --kube-version 1.27
	has "a namespace whose pull Secrets may be read gets a Role" 'Role/farguard-webhook-pull-secrets|rules' \
		'[{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]' --set 'config.registry.pullSecretNamespaces={shop}'
	has "there and nowhere else" 'Role/farguard-webhook-pull-secrets|metadata|namespace' '"shop"' \
		--set 'config.registry.pullSecretNamespaces={shop}'
	has "bound to the webhook's account" 'RoleBinding/farguard-webhook-pull-secrets|subjects' \
		'[{"kind": "ServiceAccount", "name": "farguard-webhook", "namespace": "farguard"}]' \
		--set 'config.registry.pullSecretNamespaces={shop}'
	has "no such Role by default" Role/farguard-webhook-pull-secrets null
	local lent=(--set config.tls.source=cert-manager)
	has "with cert-manager the chart has no Secret" 'Secret/farguard-tls' null "${lent[@]}"
	has "but a Certificate for it" 'Certificate/farguard-webhook|spec|dnsNames' \
		'["farguard-webhook.farguard.svc", "farguard-webhook.farguard.svc.cluster.local"]' "${lent[@]}"
	has "of an issuer of its own" 'Certificate/farguard-webhook|spec|issuerRef' \
		'{"group": "cert-manager.io", "kind": "Issuer", "name": "farguard-ca"}' "${lent[@]}"
	has "or another's" 'Certificate/farguard-webhook|spec|issuerRef' '{"kind": "ClusterIssuer", "name": "x"}' "${lent[@]}" \
		--set certManager.issuerRef.name=x --set certManager.issuerRef.kind=ClusterIssuer
	has "then without an authority of its own" 'Certificate/farguard-ca' null "${lent[@]}" --set certManager.issuerRef.name=x
	has "its cainjector is told where from" 'MutatingWebhookConfiguration/farguard|metadata|annotations' \
		'{"cert-manager.io/inject-ca-from": "farguard/farguard-webhook"}' "${lent[@]}"
	has "and the webhook may write no Secret" 'Role/farguard-webhook|rules|0|verbs' '["get"]' "${lent[@]}"
	has "nor the caBundle" 'MutatingWebhookConfiguration/farguard|webhooks|0|clientConfig|caBundle' null "${lent[@]}"
	has "an account's annotation" 'ServiceAccount/farguard-webhook|metadata|annotations' '{"a.test/role": "r"}' \
		--set 'serviceAccount.annotations.a\.test/role=r'
}

rolls() { # what the program takes while it serves needs no new pods
	local checksum='Deployment/farguard-webhook|spec|template|metadata|annotations|checksum/config' before
	before=$(at "$work/defaults.yaml" "$checksum")
	has "another configuration rolls no pods" "$checksum" "$before" \
		--set config.inject.default=enabled,payload.image.tag=new,config.tls.rotateDays=7
	render "$work/port.yaml" --set config.server.metrics=:9091
	check "another port does" [ "$before" != "$(at "$work/port.yaml" "$checksum")" ]
}

schema() {
	refuses replica --set replica=3
	refuses repositry --set image.repositry=x
	refuses tags --set payload.image.tags=x
	refuses failurePolicy --set webhook.failurePolicy=ignore
	refuses timeoutSeconds --set webhook.timeoutSeconds=31
	refuses labelOnly --set-string webhook.labelOnly=true
	refuses injects --set config.injects.default=enabled
	refuses default --set config.inject.default=on
	refuses image --set config.image.reference=x
	refuses sensor --set config.sensor=ebpf
	refuses pid1 --set config.pid1=init
	refuses heartbeatSeconds --set config.agent.heartbeatSeconds=0
	refuses listen --set config.server.listen=:10250
	refuses digest --set image.digest=sha256:12
	refuses "port 10250 is the kubelet's" --set config.server.metrics=:10250
	refuses "no port 65536" --set config.server.listen=:65536
	refuses "cannot both be :9090" --set config.server.listen=:9090
	refuses "enable one" --set monitoring.serviceMonitor.enabled=true,monitoring.podMonitor.enabled=true
	refuses "issuerRef: name is missing" --set certManager.issuerRef.kind=ClusterIssuer
	refuses interval --set monitoring.podMonitor.interval=30
	refuses maxUnavailable --set-string podDisruptionBudget.maxUnavailable=half
	refuses metricsFrom --set 'networkPolicy.metricsFrom[0].namespace=x'
	refuses egressPorts --set 'networkPolicy.egressPorts={}'
	refuses disabled --set 'monitoring.rules.disabled={FarguardNone}'
	refuses pullSecretNamespaces --set 'config.registry.pullSecretNamespaces={team-*}'
	refuses expression --set 'webhook.matchConditions[0].name=x'
	refuses limits --set config.agent.resources.limits.cpu=much
	refuses limit --set config.agent.resources.limit.cpu=1
}

accepted() { # name FILE: farguardctl takes the configuration in it
	"$here/rendered.py" extract "$2" >"$work/farguard.yaml"
	if [ ! -x "$build/bin/farguardctl" ]; then
		skip "$1" "no $build/bin/farguardctl"
	elif "$build/bin/farguardctl" config check "$work/farguard.yaml" >"$work/check" 2>&1; then
		ok "$1"
	else
		not_ok "$1" "$(cat "$work/check")"
	fi
}

helm version >/dev/null 2>"$work/helm" || {
	skip "chart" "helm cannot be built: $(tail -n 1 "$work/helm")"
	tap_end
	exit 0
}

rendered() {
	succeeds "helm lint --strict" helm lint --strict "$chart"
	succeeds "each value has a comment, is in the schema and in README.md, and the schema has no other" "$top/hack/values.py"
	render "$work/defaults.yaml" || not_ok "the defaults render" "$(cat "$work/defaults.yaml.err")"
	render "$work/again.yaml"
	same "a second rendering is the same to the byte" "$(sha256sum <"$work/defaults.yaml")" "$(sha256sum <"$work/again.yaml")"
	tap_of "$here/rendered.py" objects "$work/defaults.yaml"
	tap_of "$here/rendered.py" config "$work/defaults.yaml" "$chart/files/farguard.yaml"
	render "$work/other.yaml" --values "$here/other.yaml" || not_ok "other values render" "$(cat "$work/other.yaml.err")"
	rolls
	renderings
	schema
	monitoring
	accepted "farguardctl accepts the configuration of the defaults" "$work/defaults.yaml"
	accepted "farguardctl accepts the configuration of other values" "$work/other.yaml"
	manifests
}

[ $# -gt 0 ] || set -- rendered installed running
for part; do
	case $part in
	rendered | installed | running) "$part" ;;
	*)
		sed -n 's/^#   //p' "$0" >&2
		exit 2
		;;
	esac
done
tap_end
