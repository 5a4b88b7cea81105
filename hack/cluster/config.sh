# config.sh - keys and configuration files of the cluster's programs, all in CLUSTER_DIR.
# shellcheck shell=bash disable=SC2154 # read by hack/cluster.sh

make_keys() {
	local pki=$dir/pki
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$pki/ca.key" -out "$pki/ca.crt" \
		-days 30 -subj /CN=local-ca
	issue apiserver /CN=kube-apiserver "DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,IP:127.0.0.1,IP:$service_first,IP:$link_cluster"
	issue admin /O=system:masters/CN=admin DNS:admin
	issue node "/O=system:nodes/CN=system:node:$node" "DNS:$node,IP:127.0.0.1,IP:$node_ip"
	openssl genrsa -out "$pki/sa.key" 2048
	openssl rsa -in "$pki/sa.key" -pubout -out "$pki/sa.pub"
}

issue() { # name subject alternative-names
	local pki=$dir/pki
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$pki/$1.key" -out "$pki/$1.csr" -subj "$2"
	printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth,clientAuth\n' "$3" >"$pki/$1.ext"
	openssl x509 -req -in "$pki/$1.csr" -CA "$pki/ca.crt" -CAkey "$pki/ca.key" -CAcreateserial -days 30 \
		-extfile "$pki/$1.ext" -out "$pki/$1.crt"
}

kubeconfig() { # file certificate server
	cat >"$dir/$1" <<-END
		apiVersion: v1
		kind: Config
		clusters:
		- name: farguard
		  cluster: {server: "https://$3:6443", certificate-authority-data: $(base64 -w 0 "$dir/pki/ca.crt")}
		users:
		- name: $2
		  user:
		    client-certificate-data: $(base64 -w 0 "$dir/pki/$2.crt")
		    client-key-data: $(base64 -w 0 "$dir/pki/$2.key")
		contexts: [{name: farguard, context: {cluster: farguard, user: $2}}]
		current-context: farguard
	END
	chmod 600 "$dir/$1"
}

make_config() {
	make_keys >"$dir/log/pki" 2>&1 || die "openssl failed: $(tail -n 1 "$dir/log/pki")"
	kubeconfig kubeconfig admin "$link_cluster"
	kubeconfig inside.kubeconfig admin 127.0.0.1
	kubeconfig kubelet.kubeconfig node 127.0.0.1
	configure_runtime
	configure_kubernetes
}

configure_runtime() {
	cat >"$dir/cni/10-pods.conflist" <<-END
		{"cniVersion":"1.0.0","name":"pods","plugins":[
		 {"type":"bridge","bridge":"cni0","isGateway":true,"ipMasq":true,"hairpinMode":true,
		  "ipam":{"type":"host-local","ranges":[[{"subnet":"$pod_net"}]],"routes":[{"dst":"0.0.0.0/0"}]}},
		 {"type":"portmap","capabilities":{"portMappings":true}}]}
	END
	# A registry that a test starts is trusted by $dir/certs.d/HOST:PORT/ca.crt.
	# Without CAP_SYS_RESOURCE nobody can lower oom_score_adj: never ask for less than our own.
	cat >"$dir/containerd.toml" <<-END
		version = 2
		root = "$dir/containerd/root"
		state = "$dir/containerd/state"
		[grpc]
		  address = "$dir/containerd.sock"
		[plugins."io.containerd.internal.v1.opt"]
		  path = "$dir/containerd/opt"
		[plugins."io.containerd.grpc.v1.cri"]
		  restrict_oom_score_adj = true
		  sandbox_image = "farguard.test/pause:1"
		  [plugins."io.containerd.grpc.v1.cri".registry]
		    config_path = "$dir/certs.d"
		  [plugins."io.containerd.grpc.v1.cri".cni]
		    bin_dir = "/usr/lib/cni"
		    conf_dir = "$dir/cni"
	END
}

configure_kubernetes() {
	# An image that was loaded, and pulled with a secret besides, is for pods without the secret too.
	cat >"$dir/kubelet.yaml" <<-END
		apiVersion: kubelet.config.k8s.io/v1beta1
		kind: KubeletConfiguration
		authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $dir/pki/ca.crt}}
		authorization: {mode: Webhook}
		tlsCertFile: $dir/pki/node.crt
		tlsPrivateKeyFile: $dir/pki/node.key
		cgroupDriver: cgroupfs
		cgroupRoot: /$cgroup
		failCgroupV1: false
		failSwapOn: false
		seccompDefault: true
		containerRuntimeEndpoint: unix://$dir/containerd.sock
		volumePluginDir: $dir/volume-plugins
		clusterDNS: [$node_ip]
		clusterDomain: cluster.local
		resolvConf: ""
		maxPods: 250
		imagePullCredentialsVerificationPolicy: NeverVerify
		imageGCHighThresholdPercent: 100
		evictionHard: {memory.available: 100Mi, nodefs.available: 1%, imagefs.available: 1%, nodefs.inodesFree: 1%}
	END
	cat >"$dir/scheduler.yaml" <<-END
		apiVersion: kubescheduler.config.k8s.io/v1
		kind: KubeSchedulerConfiguration
		clientConnection: {kubeconfig: $dir/inside.kubeconfig}
		leaderElection: {leaderElect: false}
		profiles: [{schedulerName: default-scheduler}, {schedulerName: fargate-scheduler}]
	END
	cat >"$dir/Corefile" <<-END
		.:53 {
			bind $node_ip
			kubernetes cluster.local {
				kubeconfig $dir/inside.kubeconfig farguard
			}
		}
	END
}
