# installed.sh - the chart against a real API server: dry run, install, upgrade, uninstall.
# shellcheck shell=bash disable=SC2154 # read by tests/chart/run.sh
#
# Why      That an upgrade keeps what the webhook wrote is decided by helm and the API server together.
#          The pods are never scheduled: no image is needed.

installed_namespace=
installed_release=

installed_finish() {
	[ -z "$installed_namespace" ] || conform_finish
	[ -z "$installed_release" ] || selection_finish
	[ -z "$installed_release" ] || helm uninstall farguard -n chart-test >/dev/null 2>&1
	[ -z "$installed_namespace" ] || kubectl delete namespace chart-test --ignore-not-found --wait --timeout 60s >/dev/null 2>&1
}

no_pods() {
	[ -z "$(kubectl -n chart-test get pods -o name)" ]
}

of_release() { # NAMESPACE: everything with our label, cluster-wide, and what else is in the namespace
	kubectl get -A --ignore-not-found -o name -l app.kubernetes.io/name=farguard \
		"mutatingwebhookconfigurations,clusterroles,clusterrolebindings,all,configmaps,secrets,serviceaccounts,roles,rolebindings,pdb,networkpolicies"
	kubectl -n "$1" get configmaps,secrets -o name | grep -v '^configmap/kube-root-ca.crt$'
}

webhook_wrote() { # what stands in the Secret and in the caBundle
	kubectl -n chart-test get secret farguard-tls -o jsonpath='{.data}'
	echo
	kubectl get mutatingwebhookconfiguration farguard -o jsonpath='{.webhooks[*].clientConfig.caBundle}'
}

deploy() { # install or upgrade, ARG...
	helm "$1" farguard "$chart" -n chart-test --set 'nodeSelector.chart-test=none' "${@:2}" >"$work/deploy" 2>&1
}

keeps() { # name TIMEOUT ARG...: an upgrade that changes the webhook configuration beside the caBundle
	local name=$1 timeout=$2
	shift 2
	if ! deploy upgrade --set "webhook.timeoutSeconds=$timeout" "$@"; then
		not_ok "$name" "$(cat "$work/deploy")"
		return
	fi
	same "$name" "$before $timeout" "$(webhook_wrote) $(timeout_seconds)"
}

timeout_seconds() {
	kubectl get mutatingwebhookconfiguration farguard -o jsonpath='{.webhooks[0].timeoutSeconds}'
}

# A bundle must be PEM; nobody holds the key of this one.
write_as_the_webhook() {
	local ca
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null -subj /CN=chart-test -days 2 \
		-out "$work/ca.crt" 2>/dev/null
	ca=$(base64 -w 0 <"$work/ca.crt")
	kubectl -n chart-test patch secret farguard-tls --field-manager farguard-webhook --type merge \
		-p "{\"data\":{\"ca.crt\":\"$ca\",\"ca.key\":\"eA==\",\"tls.crt\":\"$ca\",\"tls.key\":\"eA==\"}}" >/dev/null &&
		kubectl patch mutatingwebhookconfiguration farguard --field-manager farguard-webhook --type json \
			-p "[{\"op\":\"add\",\"path\":\"/webhooks/0/clientConfig/caBundle\",\"value\":\"$ca\"}]" >/dev/null
}

can_i() { # VERB RESOURCE[/NAME] [ARG...]: as the webhook's account
	kubectl auth can-i "$@" --as system:serviceaccount:chart-test:farguard-webhook 2>/dev/null
}

rights() {
	same "its account may what it needs" "yes yes yes yes yes yes yes" \
		"$(can_i list namespaces) $(can_i watch namespaces) $(can_i patch mutatingwebhookconfiguration/farguard) \
$(can_i get secret/farguard-tls -n chart-test) $(can_i update secret/farguard-tls -n chart-test) $(can_i get /version) \
$(can_i create pods -n chart-test)"
	same "and nothing near it" "no no no no no no" \
		"$(can_i update namespaces) $(can_i patch mutatingwebhookconfiguration/other) $(can_i list secrets -n chart-test) \
$(can_i get secret/other -n chart-test) $(can_i create secrets -n chart-test) $(can_i create pods -n default)"
}

installed() {
	local before
	if ! kubectl version >/dev/null 2>&1; then
		skip "on an API server" "the cluster is not up (hack/cluster.sh up)"
		return
	fi
	kubectl get namespace chart-test >/dev/null 2>&1 && {
		skip "on an API server" "there is a namespace chart-test already"
		return
	}
	installed_namespace=1
	kubectl create namespace chart-test >/dev/null
	kubectl label namespace chart-test pod-security.kubernetes.io/{enforce,warn}=restricted >/dev/null
	conform
	kubectl get mutatingwebhookconfiguration farguard >/dev/null 2>&1 && {
		skip "install, upgrade, uninstall" "Farguard is installed in this cluster"
		return
	}
	installed_release=1
	deploy install || {
		not_ok "helm install" "$(cat "$work/deploy")"
		return
	}
	ok "helm install into a namespace that enforces pod security restricted"
	rights
	selection
	check "the webhook's writes are accepted" write_as_the_webhook
	before=$(webhook_wrote)
	keeps "an upgrade keeps certificate and caBundle" 5
	keeps "an upgrade by client-side apply keeps them" 6 --server-side=false
	keeps "an upgrade that forces conflicts keeps them" 7 --server-side=true --force-conflicts
	helm rollback farguard 1 -n chart-test >"$work/deploy" 2>&1
	same "a rollback keeps them" "$before 3" "$(webhook_wrote) $(timeout_seconds)"
	succeeds "helm uninstall" helm uninstall farguard -n chart-test --wait --timeout 60s
	installed_release=
	within 30 "the pods to go" no_pods
	same "nothing is left" "" "$(of_release chart-test)"
}
