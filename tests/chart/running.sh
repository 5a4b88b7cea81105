# running.sh - the chart with the programs in it: helm test, GitOps, upgrade, uninstall.
# shellcheck shell=bash disable=SC2154 # read by tests/chart/run.sh
#
# Owns     The namespaces chart-running and chart-shop, and a release in the first.
# Limits   Needs the images (hack/images.sh payload webhook); without them it is skipped.

running_release=

running_finish() {
	[ -n "$running_release" ] || return
	helm uninstall farguard -n chart-running --ignore-not-found >/dev/null 2>&1
	kubectl delete namespace chart-running chart-shop --ignore-not-found --wait --timeout 60s >/dev/null 2>&1
}

running_deploy() { # install or upgrade, ARG...
	helm "$1" farguard "$chart" -n chart-running --wait --timeout 90s \
		--set image.tag=dev,image.pullPolicy=Never,payload.image.tag=dev,payload.image.pullPolicy=Never "${@:2}" >"$work/deploy" 2>&1
}

running_pods() {
	kubectl -n chart-running get pods -l app.kubernetes.io/component=webhook -o jsonpath='{.items[*].metadata.uid}'
}

no_running_pods() {
	[ -z "$(running_pods)" ]
}

no_test_pods() {
	[ -z "$(kubectl -n chart-running get pods -l app.kubernetes.io/component=test -o name)" ]
}

guards() { # NAMESPACE: whether a pod there, which is only tried, comes out guarded
	[ "$(kubectl -n "$1" create --dry-run=server -o 'jsonpath={.metadata.labels.farguard\.io/injected}' -f - 2>/dev/null <<-END
		{apiVersion: v1, kind: Pod, metadata: {name: tried}, spec: {containers: [{name: tried, image: tried}]}}
	END
	)" = true ]
}

# What a GitOps controller would see: a rendering against what is there.  Under a name of its own, so that the
# annotations that helm puts on by itself are not its to remove.
drift() {
	helm get manifest farguard -n chart-running | kubectl diff --server-side --field-manager=gitops --force-conflicts -f - 2>&1
}

helm_tests() {
	local before=$SECONDS
	if helm test farguard -n chart-running --timeout 90s >"$work/test" 2>&1; then
		ok "helm test: the API server gets a guarded pod"
	else
		not_ok "helm test: the API server gets a guarded pod" "$(cat "$work/test")" \
			"$(kubectl -n chart-running logs deployment/farguard-webhook --tail 10 2>&1)"
	fi
	say "helm test took $((SECONDS - before)) s"
	check "it leaves no pod" within 20 "the test's pod to go" no_test_pods
}

helm_test_fails() { # with no webhook there is no guarded pod
	kubectl -n chart-running scale deployment farguard-webhook --replicas=0 >/dev/null
	within 30 "the webhook's pods to go" no_running_pods
	if helm test farguard -n chart-running --timeout 12s >"$work/test" 2>&1; then
		not_ok "helm test fails when no webhook runs" "$(cat "$work/test")"
	else
		ok "helm test fails when no webhook runs"
	fi
	check "and says why" grep -q 'selfprobe\.farguard\.io' "$work/test" || sed 's/^/#   /' "$work/test"
	check "and leaves no pod" within 20 "the test's pod to go" no_test_pods
}

running() {
	local pods before
	kubectl version >/dev/null 2>&1 || {
		skip "the running chart" "the cluster is not up (hack/cluster.sh up)"
		return
	}
	[ -e "$top/build/images/farguard-webhook.tar" ] || {
		skip "the running chart" "no image (hack/images.sh payload webhook)"
		return
	}
	if kubectl get mutatingwebhookconfiguration farguard >/dev/null 2>&1 || kubectl get namespace chart-running >/dev/null 2>&1; then
		skip "the running chart" "Farguard is installed in this cluster"
		return
	fi
	"$top/hack/cluster.sh" load "$top"/build/images/farguard-{payload,webhook}.tar 2>/dev/null
	running_release=1
	kubectl create namespace chart-shop >/dev/null
	kubectl annotate namespace chart-shop farguard.io/inject=enabled >/dev/null
	kubectl create namespace chart-running >/dev/null
	kubectl label namespace chart-running pod-security.kubernetes.io/{enforce,warn}=restricted >/dev/null
	running_deploy install || {
		not_ok "helm install" "$(cat "$work/deploy")" "$(kubectl -n chart-running get pods,events 2>&1 | tail -n 20)"
		return
	}
	ok "helm install into a namespace that enforces pod security restricted, and its pods run"
	helm_tests
	check "a pod of a namespace with the annotation is guarded" within 10 "the API server to call" guards chart-shop
	same "what the webhook writes is no drift from a rendering" "" "$(drift | head -n 20)"
	before=$(secret_and_bundle)
	pods=$(running_pods)
	running_deploy upgrade --set config.agent.heartbeatSeconds=30 || not_ok "helm upgrade" "$(cat "$work/deploy")"
	same "an upgrade of the configuration rolls no pods" "$pods" "$(running_pods)"
	running_deploy upgrade --set config.server.metrics=:9091 || not_ok "helm upgrade" "$(cat "$work/deploy")"
	check "one of a port does" [ "$pods" != "$(running_pods)" ]
	same "the new pods take the certificate that is there" "$before" "$(secret_and_bundle)"
	check "and still guard" within 10 "the API server to call" guards chart-shop
	helm rollback farguard 1 -n chart-running --wait --timeout 90s >"$work/deploy" 2>&1 || not_ok "helm rollback" "$(cat "$work/deploy")"
	same "so does a rollback" "$before" "$(secret_and_bundle)"
	helm_test_fails
	succeeds "helm uninstall" helm uninstall farguard -n chart-running --wait --timeout 60s
	same "nothing of the release is left" "" "$(of_release chart-running)"
}

secret_and_bundle() {
	kubectl -n chart-running get secret farguard-tls -o jsonpath='{.data}'
	kubectl get mutatingwebhookconfiguration farguard -o jsonpath='{.webhooks[*].clientConfig.caBundle}'
}
