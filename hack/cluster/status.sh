# status.sh - versions, and what runs.
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

program() { # INIT NAME: the child of INIT that is this program
	local child
	local -a children arg
	read -ra children <"/proc/$1/task/$1/children" || true
	for child in "${children[@]}"; do
		{ mapfile -d '' -t arg <"/proc/$child/cmdline"; } 2>/dev/null || continue
		case "${arg[0]##*/}|${arg[1]:-}" in
		"$2|"* | *"|$2") awk -v pid="$child" '/^VmRSS:/ { printf "%d  %d MB", pid, $2 / 1024 }' "/proc/$child/status" ;;
		esac
	done
}
