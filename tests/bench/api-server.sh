# api-server.sh - etcd and a real kube-apiserver on loopback, with what the webhooks read from it.
# shellcheck shell=bash
#
# Why      The webhooks are measured as they run: watching a real API server, not a stand-in.
# Owns     DIR; `api_start` appends the processes' ids to the array `pids`.

# shellcheck disable=SC2034 # for whoever sources this
api_url=https://127.0.0.1:6443

api_start() { # DIR KUBE: returns when it answers
	local dir=$1 kube=$2 end=$((SECONDS + 60))
	mkdir -p "$dir"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$dir/api.key" -out "$dir/api.crt" \
		-days 2 -subj /CN=bench -addext subjectAltName=IP:127.0.0.1 2>/dev/null
	openssl genrsa -out "$dir/sa.key" 2048 2>/dev/null
	openssl rsa -in "$dir/sa.key" -pubout -out "$dir/sa.pub" 2>/dev/null
	echo bench-token >"$dir/token"
	echo 'bench-token,bench,bench,system:masters' >"$dir/tokens"
	"$kube" etcd --data-dir "$dir/etcd" --unsafe-no-fsync --log-level warn --listen-peer-urls http://127.0.0.1:2380 \
		--listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 >"$dir/etcd.log" 2>&1 &
	pids+=($!)
	"$kube" kube-apiserver --etcd-servers=http://127.0.0.1:2379 --bind-address=127.0.0.1 --secure-port=6443 \
		--advertise-address=127.0.0.1 --tls-cert-file="$dir/api.crt" --tls-private-key-file="$dir/api.key" \
		--token-auth-file="$dir/tokens" --service-cluster-ip-range=10.96.0.0/16 --endpoint-reconciler-type=none \
		--service-account-issuer=https://kubernetes.default.svc --service-account-key-file="$dir/sa.pub" \
		--service-account-signing-key-file="$dir/sa.key" >"$dir/api.log" 2>&1 &
	pids+=($!)
	cat >"$dir/kubeconfig" <<-END
		apiVersion: v1
		kind: Config
		clusters: [{name: bench, cluster: {server: "$api_url", certificate-authority: "$dir/api.crt"}}]
		users: [{name: bench, user: {token: bench-token}}]
		contexts: [{name: bench, context: {cluster: bench, user: bench}}]
		current-context: bench
	END
	until curl -sfo /dev/null --cacert "$dir/api.crt" -H 'Authorization: Bearer bench-token' "$api_url/readyz"; do
		[ $SECONDS -lt $end ] || {
			echo "bench: the API server does not come up:" >&2
			tail -n 5 "$dir/etcd.log" "$dir/api.log" >&2
			return 1
		}
		sleep 0.2
	done
	api_fill "$dir" "$kube"
}

# What Farguard's chart and the peer's users make; no webhook is called, for no pod is created.
api_fill() { # DIR KUBE
	"$2" kubectl --kubeconfig "$1/kubeconfig" apply -f - >"$1/fill.log" <<-END
		{apiVersion: v1, kind: Namespace, metadata: {name: farguard}}
		---
		{apiVersion: v1, kind: Namespace, metadata: {name: shop, annotations: {farguard.io/inject: enabled}}}
		---
		{apiVersion: v1, kind: Secret, metadata: {name: farguard-tls, namespace: farguard}, type: Opaque}
		---
		apiVersion: v1
		kind: ServiceAccount
		metadata:
		  name: default
		  namespace: shop
		  annotations: {eks.amazonaws.com/role-arn: "arn:aws:iam::111122223333:role/web"}
		---
		apiVersion: admissionregistration.k8s.io/v1
		kind: MutatingWebhookConfiguration
		metadata: {name: farguard}
		webhooks:
		- name: inject.farguard.io
		  clientConfig: {service: {name: farguard-webhook, namespace: farguard, path: /mutate}}
		  rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
		  admissionReviewVersions: [v1]
		  sideEffects: NoneOnDryRun
		  failurePolicy: Ignore
	END
}
