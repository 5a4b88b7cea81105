# status.sh - versions, and what runs; starting one of the programs again.
# shellcheck shell=bash disable=SC2154 # read by hack/cluster.sh

status() {
	local pid name state
	echo "versions"
	row etcd "$(module go.etcd.io/etcd/server/v3)"
	row Kubernetes "$kube_version"
	row CoreDNS "$(module github.com/coredns/coredns)"
	row helm "$(module helm.sh/helm/v4)"
	row containerd "$(containerd --version 2>/dev/null | awk '{ print $3 }')"
	row runc "$(runc --version 2>/dev/null | awk 'NR == 1 { print $3 }')"
	row kernel "$(uname -r)"
	if ! pid=$(init_pid); then
		echo "not up; start it with: hack/cluster.sh up"
		return 1
	fi
	echo "programs (process id on this machine, memory; logs in $dir/log)"
	for name in etcd kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy containerd coredns; do
		if [ -e "$dir/ended/$name" ]; then
			state="ENDED with status $(cat "$dir/ended/$name")"
		else
			state=$(program "$pid" $name)
		fi
		row "$name" "${state:-not started}"
	done
	"$kube" kubectl --kubeconfig "$dir/kubeconfig" get nodes,pods -A -o wide 2>&1
	echo "export KUBECONFIG=$dir/kubeconfig"
}

row() {
	printf '  %-24s %s\n' "$1" "${2:-absent}"
}

module() {
	awk -v m="$1" '$1 == m { print $2 } $1 == "require" && $2 == m { print $3 }' "$here/go.mod"
}

program() { # INIT NAME
	local pid
	pid=$(program_pid "$1" "$2")
	[ -z "$pid" ] || awk -v pid="$pid" '/^VmRSS:/ { printf "%d  %d MB", pid, $2 / 1024 }' "/proc/$pid/status"
}

program_pid() { # INIT NAME: the child of INIT that is this program; nothing when there is none
	local child
	local -a children arg
	read -ra children <"/proc/$1/task/$1/children" || true
	for child in "${children[@]}"; do
		{ mapfile -d '' -t arg <"/proc/$child/cmdline"; } 2>/dev/null || continue
		case "${arg[0]##*/}|${arg[1]:-}" in
		"$2|"* | *"|$2")
			echo "$child"
			return
			;;
		esac
	done
}

# As an upgrade of the node's agent would, or with KILL its crash; pods go on meanwhile.
restart() { # NAME [SIGNAL]
	local name=${1:-} signal=${2:-TERM} init old i
	init=$(init_pid) || die "not up; start it with: hack/cluster.sh up"
	old=$(program_pid "$init" "$name")
	[ -n "$old" ] || die "restart: no program '$name' runs; those that do: hack/cluster.sh status"
	touch "$dir/restart/$name"
	kill -"$signal" "$old" || die "restart: cannot send SIG$signal to $name"
	for ((i = 0; i < 300; i++)); do
		[ -e "$dir/restart/$name" ] || ! answers "$init" "$name" || return 0
		[ $i -ne 100 ] || kill -KILL "$old" 2>/dev/null || true
		sleep 0.1
	done
	die "restart: $name did not end and answer again within 30 s; its log is $dir/log/$name"
}

answers() { # INIT NAME
	case $2 in
	kubelet) nsenter -t "$1" -n curl -sfo /dev/null -m 5 http://127.0.0.1:10248/healthz ;;
	containerd) ctr -a "$dir/containerd.sock" version >/dev/null 2>&1 ;;
	kube-apiserver) api_ready ;;
	*) [ -n "$(program_pid "$1" "$2")" ] ;;
	esac
}
