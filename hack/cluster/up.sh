# up.sh - start the cluster and wait until a pod could run.
# shellcheck shell=bash disable=SC2154 # read by hack/cluster.sh

up() {
	local started=$SECONDS
	if running && api_ready; then
		say "already up; export KUBECONFIG=$dir/kubeconfig"
		return 0
	fi
	[ "$(id -u)" = 0 ] || die "needs root (sudo)"
	if [ -e "$dir" ] || [ -n "$(strays)" ]; then
		say "removing what an earlier run left"
		down
	fi
	build
	check
	say "starting etcd, Kubernetes $kube_version, containerd and CoreDNS in namespaces of their own"
	mkdir -p "$dir"/{pki,log,cni,loaded,ended,restart,hidden/log,hidden/lib,kubelet}
	remember_sysctls
	make_cgroups
	make_config
	setsid unshare --mount --net --pid --fork --kill-child \
		"$here/inside.sh" "$dir" "$kube" "$node" "$node_ip" "$pod_net" "$service_net" \
		>"$dir/log/inside" 2>&1 </dev/null 9<&- &
	wait_for 10 "the first process" running
	connect
	wait_for 60 "the API server" api_ready
	load "$pause"
	wait_for 60 "the node" node_ready
	"$kube" kubectl --kubeconfig "$dir/kubeconfig" apply -f "$here/fargate.yaml" >"$dir/log/fargate" 2>&1 ||
		die "cannot install the Fargate policies: $(tail -n 1 "$dir/log/fargate")"
	wait_for 60 "the Fargate policies" fargate_refuses
	say "up after $((SECONDS - started)) s"
	echo "export KUBECONFIG=$dir/kubeconfig"
}

wait_for() { # seconds what condition...
	local end=$((SECONDS + $1)) what=$2 ended
	shift 2
	until "$@"; do
		ended=$(find "$dir/ended" -type f -printf '%f ' 2>/dev/null || true)
		if [ $SECONDS -ge $end ] || [ -n "$ended" ]; then
			for name in ${ended:-inside}; do
				say "the end of $dir/log/$name:"
				tail -n 8 "$dir/log/$name" >&2
			done
			die "$what did not come up${ended:+; ended: $ended}; remove the rest with: hack/cluster.sh down"
		fi
		sleep 0.1
	done
}

api_ready() {
	curl -sfo /dev/null -m 5 --cacert "$dir/pki/ca.crt" "https://$link_cluster:6443/readyz"
}

node_ready() {
	"$kube" kubectl --kubeconfig "$dir/kubeconfig" get node "$node" 2>/dev/null | grep -q ' Ready'
}

# A pod that Fargate would not take is refused; also tells that the service account controller runs.
fargate_refuses() {
	local answer
	answer=$("$kube" kubectl --kubeconfig "$dir/kubeconfig" create --dry-run=server -f - 2>&1 <<-END
		{apiVersion: v1, kind: Pod, metadata: {name: probe, namespace: default},
		 spec: {schedulerName: fargate-scheduler, hostNetwork: true, containers: [{name: c, image: farguard.test/pause:1}]}}
	END
	) || true
	[[ $answer == *"not supported on Fargate"* ]]
}

connect() {
	local pid
	pid=$(init_pid)
	ip link add "$link" type veth peer name "$link" netns "$pid"
	ip addr add "$link_host/30" dev "$link"
	ip link set "$link" up
	nsenter -t "$pid" -n sh -c "ip addr add $link_cluster/30 dev $link && ip link set $link up"
	# Pods and Services can be reached from the machine where nothing else has their addresses.
	for net in $pod_net $service_net; do
		[ -n "$(ip -4 route show root "$net")" ] || ip route add "$net" via "$link_cluster"
	done
}

# The kubelet sets these for the whole machine (pkg/kubelet/cm, setupKernelTunables).
remember_sysctls() {
	local name
	[ ! -e "$before.sysctls" ] || return 0 # they are another cluster's now
	for name in vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops kernel/keys/root_maxkeys \
		kernel/keys/root_maxbytes; do
		[ ! -e "/proc/sys/$name" ] || echo "$name $(cat "/proc/sys/$name")"
	done >"$before.sysctls"
}

make_cgroups() {
	local root=/sys/fs/cgroup controller d
	if [ -e $root/cgroup.controllers ]; then
		[ -e "$before.subtree_control" ] || cp $root/cgroup.subtree_control "$before.subtree_control"
		mkdir -p "$root/$cgroup"
		for controller in cpuset cpu io memory hugetlb pids; do
			for d in $root "$root/$cgroup"; do
				echo "+$controller" 2>/dev/null >"$d/cgroup.subtree_control" || true
			done
		done
		return 0
	fi
	for d in "$root"/*/; do
		if [ -L "${d%/}" ] || [ ! -e "$d/cgroup.procs" ]; then
			continue
		fi
		mkdir -p "$d$cgroup"
		# A new cpuset is empty and takes no process.
		for name in cpuset.cpus cpuset.mems; do
			[ ! -e "$d$name" ] || cat "$d$name" >"$d$cgroup/$name"
		done
	done
}
