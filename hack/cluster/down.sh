# down.sh - stop the cluster and leave the machine as it was.
# shellcheck shell=bash disable=SC2154 # read by hack/cluster.sh

down() {
	local pid started=$SECONDS
	[ "$(id -u)" = 0 ] || die "needs root (sudo)"
	if [ ! -e "$dir" ] && [ -z "$(strays)" ]; then
		say "not up"
		return 0
	fi
	# The kernel ends a process namespace as a whole with its first process.
	for pid in $(init_pid) $(strays); do
		kill -9 "$pid" 2>/dev/null || true
	done
	for ((i = 0; i < 300; i++)); do
		[ -n "$(init_pid)$(strays)" ] || break
		sleep 0.1
	done
	[ -z "$(init_pid)$(strays)" ] || die "the cluster's processes do not end: $(init_pid) $(strays)"
	! ip link show "$link" >/dev/null 2>&1 || ip link del "$link" 2>/dev/null || true
	remove_cgroups
	others || give_back
	rm -rf --one-file-system "$dir"
	[ ! -e "$dir" ] || die "cannot remove $dir"
	say "down after $((SECONDS - started)) s"
}

# First processes that a cut-off `up` started and did not write down: they name their directory.
strays() {
	local file arg
	for file in /proc/[0-9]*/cmdline; do
		{ mapfile -d '' -t arg <"$file"; } 2>/dev/null || continue
		case " ${arg[*]:0:10} " in
		*"/hack/cluster/inside.sh $dir "*) basename "${file%/cmdline}" ;;
		esac
	done
}

remove_cgroups() {
	local root=/sys/fs/cgroup d left
	for ((i = 0; i < 100; i++)); do
		left=
		for d in "$root/$cgroup" "$root"/*/"$cgroup"; do
			[ -d "$d" ] || continue
			find "$d" -depth -type d -exec rmdir {} + 2>/dev/null || left=$d
		done
		[ -n "$left" ] || break
		sleep 0.1 # the kernel still takes leave of the last processes
	done
	[ -z "$left" ] || say "cannot remove the control group $left"
}

# Whether another cluster is up.
others() {
	local path
	for path in /sys/class/net/farguard[0-7]; do
		[ ! -e "$path" ] || return 0
	done
	return 1
}

# What the kubelet and we changed for the whole machine.
give_back() {
	local root=/sys/fs/cgroup name value controller
	local -a now
	if [ -e "$before.sysctls" ]; then
		while read -r name value; do
			[ "$(cat "/proc/sys/$name")" = "$value" ] || echo "$value" >"/proc/sys/$name"
		done <"$before.sysctls"
	fi
	if [ -e "$before.subtree_control" ]; then
		read -ra now <$root/cgroup.subtree_control || true
		for controller in "${now[@]}"; do
			grep -qw "$controller" "$before.subtree_control" || echo "-$controller" >$root/cgroup.subtree_control || true
		done
	fi
	rm -f "$before.sysctls" "$before.subtree_control"
}
