# check.sh - what this machine lacks for the cluster, each with the way out.
# shellcheck shell=bash disable=SC2154 # read by hack/cluster.sh

lacks() { # what, way out
	say "$1"
	say "    way out: $2"
	problems=$((problems + 1))
}

check() {
	problems=0
	check_programs
	if [ "$(id -u)" != 0 ]; then
		lacks "needs root, for namespaces, mounts and control groups" "run it as root (sudo)"
	else
		check_kernel
		check_cgroups
		check_network
	fi
	check_room
	[ $problems -eq 0 ] || die "missing on this machine: $problems (above) on this machine; nothing was started"
	say "this machine has what the cluster needs"
}

check_programs() {
	local program missing=
	for program in containerd containerd-shim-runc-v2 ctr runc iptables conntrack ip openssl curl nsenter unshare \
		flock mount gcc; do
		command -v "$program" >/dev/null || missing+=" $program"
	done
	[ -e /usr/lib/cni/bridge ] && [ -e /usr/lib/cni/host-local ] || missing+=" /usr/lib/cni/{bridge,host-local}"
	[ -z "$missing" ] || lacks "not installed:$missing" "hack/deps.sh install"
}

check_kernel() {
	local trial
	unshare --mount --net --pid --fork true 2>/dev/null ||
		lacks "mount, network and process namespaces are refused" "a machine or container with CAP_SYS_ADMIN"
	# Tried, not looked up: a module may be built in, loadable, or forbidden.
	trial='ip link add br0 type bridge && ip link add veth0 type veth peer name veth1'
	unshare --net sh -c "$trial" 2>/dev/null ||
		lacks "the kernel makes no bridge or veth" "a kernel with CONFIG_BRIDGE and CONFIG_VETH"
	unshare --net iptables -t nat -A POSTROUTING -m comment --comment x -m conntrack --ctstate DNAT -j MASQUERADE \
		2>/dev/null || lacks "iptables cannot make NAT rules" \
		"a kernel with nf_nat, xt_conntrack, xt_comment; or another iptables: update-alternatives --config iptables"
	[ -e /proc/sys/net/bridge ] || modprobe br_netfilter 2>/dev/null || [ -e /proc/sys/net/bridge ] ||
		lacks "bridged packets pass by the firewall (no br_netfilter): Services would not answer" \
			"a kernel with CONFIG_BRIDGE_NETFILTER"
	grep -qw overlay /proc/filesystems || modprobe overlay 2>/dev/null || grep -qw overlay /proc/filesystems ||
		lacks "no overlay file system" "a kernel with CONFIG_OVERLAY_FS"
}

check_cgroups() {
	local controller have
	if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
		have=" $(cat /sys/fs/cgroup/cgroup.controllers) "
	else
		have=" $(awk '$4 == 1 { printf "%s ", $1 }' /proc/cgroups)"
		[ -d /sys/fs/cgroup/memory ] || have=" "
	fi
	for controller in cpu cpuset memory pids; do
		case $have in
		*" $controller "*) ;;
		*) lacks "no control group controller: $controller" "mount it, or boot with cgroup_enable=$controller" ;;
		esac
	done
}

check_network() {
	local route
	if ip link show "$link" >/dev/null 2>&1; then
		lacks "the interface $link exists: a cluster of another CLUSTER_DIR is up" \
			"CLUSTER_DIR=THAT hack/cluster.sh down, or: ip link del $link"
	fi
	route=$(ip -4 route show root "$link_net" 2>/dev/null)
	[ -z "$route" ] || lacks "$link_net is in use here: $route" "remove that route while the cluster is up"
}

check_room() {
	local parent disk memory
	case $dir/ in
	/run/* | /var/run/* | /var/log/* | /var/lib/*)
		lacks "CLUSTER_DIR is $dir, and the cluster has a /run, /var/log and /var/lib of its own" \
			"CLUSTER_DIR=/var/tmp/farguard-cluster"
		;;
	/*) ;;
	*) lacks "CLUSTER_DIR is not an absolute path: $dir" "CLUSTER_DIR=$PWD/$dir" ;;
	esac
	# A Unix socket's address has 108 bytes.
	[ ${#dir} -le 80 ] || lacks "CLUSTER_DIR is too long for the sockets in it" "a path of at most 80 bytes"
	parent=$dir
	while [ ! -d "$parent" ]; do parent=$(dirname "$parent"); done
	disk=$(df -Pm "$parent" | awk 'NR == 2 { print $4 }')
	[ "$disk" -ge 3000 ] || lacks "only $disk MB of disk are free in $parent; 3000 are needed" \
		"CLUSTER_DIR=DIR on a larger disk"
	memory=$(awk '/^MemAvailable:/ { print int($2 / 1024) }' /proc/meminfo)
	[ "$memory" -ge 1500 ] || lacks "only $memory MB of memory are available; 1500 are needed" "end other programs"
}
