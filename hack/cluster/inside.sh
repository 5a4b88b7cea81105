#!/bin/bash
# inside.sh DIR KUBE NODE NODE_IP POD_NET SERVICE_NET - first process of the cluster's namespaces.
#
# Why      When it ends, by whatever cause, the kernel ends every process in here and frees the
#          mounts, interfaces and firewall rules; so `cluster.sh down` has one thing to kill.
# Owns     DIR/init (its process id and start time, as the machine sees them), DIR/log, DIR/ended; what
#          ends while DIR/restart has its name is started again, and the name removed.
set -eu
dir=$1 kube=$2 node=$3 node_ip=$4 pod_net=$5 service_net=$6
pki=$dir/pki

# /proc is the machine's until it is mounted anew below: this is the machine's number for this process.
read -r stat </proc/self/stat
# shellcheck disable=SC2086 # the fields of one line
set -- ${stat%% *} ${stat##*) }
echo "$1 ${21}" >"$dir/init.new"
mv "$dir/init.new" "$dir/init"

# What the runtime, the kubelet and the plugins keep at fixed places stays in here.
mount -n -t tmpfs -o mode=755 tmpfs /run # -n: mount keeps notes in /run, still the machine's
mount -t proc proc /proc
[ -L /var/run ] || mount --bind /run /var/run
mount --bind "$dir/hidden/log" /var/log
mount --bind "$dir/hidden/lib" /var/lib
mount --make-rshared / # what a mount propagates stays among this cluster's pods

ip link set lo up
ip link add cni0 type bridge
ip addr add "$node_ip/16" dev cni0
ip link set cni0 up
# kube-proxy rewrites a Service's address only after a route was found for it: the API server calls webhooks.
ip route add "$service_net" dev cni0
echo 1 >/proc/sys/net/ipv4/ip_forward
echo 1 >/proc/sys/net/bridge/bridge-nf-call-iptables

declare -A names commands
start() { # name command...
	local name=$1
	shift
	commands[$name]=${*@Q}
	"$@" >>"$dir/log/$name" 2>&1 </dev/null &
	names[$!]=$name
}

start etcd "$kube" etcd --data-dir "$dir/etcd" --listen-client-urls http://127.0.0.1:2379 \
	--advertise-client-urls http://127.0.0.1:2379 --listen-peer-urls http://127.0.0.1:2380 \
	--unsafe-no-fsync --log-level warn
start kube-apiserver "$kube" kube-apiserver --etcd-servers=http://127.0.0.1:2379 \
	--service-cluster-ip-range="$service_net" --tls-cert-file="$pki/apiserver.crt" \
	--tls-private-key-file="$pki/apiserver.key" --client-ca-file="$pki/ca.crt" \
	--service-account-key-file="$pki/sa.pub" --service-account-signing-key-file="$pki/sa.key" \
	--service-account-issuer=https://kubernetes.default.svc --authorization-mode=Node,RBAC \
	--enable-admission-plugins=NodeRestriction --allow-privileged=true --shutdown-delay-duration=0 \
	--kubelet-client-certificate="$pki/admin.crt" --kubelet-client-key="$pki/admin.key" \
	--kubelet-certificate-authority="$pki/ca.crt" --kubelet-preferred-address-types=InternalIP \
	--advertise-address="$node_ip" --feature-gates=MutatingAdmissionPolicy=true \
	--runtime-config=admissionregistration.k8s.io/v1beta1=true
start containerd containerd --config "$dir/containerd.toml"

# The others end when the API server is not there yet.
until curl -sfo /dev/null --cacert "$pki/ca.crt" https://127.0.0.1:6443/readyz; do
	[ ! -e "$dir/stop" ] || exit 1
	sleep 0.1
done
start kube-controller-manager "$kube" kube-controller-manager --kubeconfig="$dir/inside.kubeconfig" \
	--service-account-private-key-file="$pki/sa.key" --root-ca-file="$pki/ca.crt" \
	--use-service-account-credentials=true --leader-elect=false --flex-volume-plugin-dir="$dir/volume-plugins"
start kube-scheduler "$kube" kube-scheduler --config="$dir/scheduler.yaml"
start kubelet "$kube" kubelet --config="$dir/kubelet.yaml" --kubeconfig="$dir/kubelet.kubeconfig" \
	--hostname-override="$node" --node-ip="$node_ip" --root-dir="$dir/kubelet" --cert-dir="$dir/kubelet-pki"
start kube-proxy "$kube" kube-proxy --kubeconfig="$dir/inside.kubeconfig" --hostname-override="$node" \
	--cluster-cidr="$pod_net" --conntrack-max-per-core=0
start coredns "$kube" coredns -conf "$dir/Corefile"

# Reap what the shims leave, and note which program ended and how.
set +e
while :; do
	wait -n -p ended
	status=$?
	if [ -n "${ended:-}" ] && [ -n "${names[$ended]:-}" ]; then
		name=${names[$ended]}
		unset "names[$ended]"
		if [ -e "$dir/restart/$name" ]; then
			eval "start $name ${commands[$name]}"
			rm -f "$dir/restart/$name"
		else
			echo "$status" >"$dir/ended/$name"
		fi
	elif [ $status -eq 127 ]; then
		sleep 1 # no child of its own is left
	fi
done
