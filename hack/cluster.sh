#!/bin/bash
# cluster.sh - a whole Kubernetes on this machine, shaped like EKS Fargate: no Docker, nothing pulled from outside (root).
#
#   cluster.sh up                 start it; builds its programs first where they are missing
#   cluster.sh down               stop it and remove everything it made
#   cluster.sh status             versions, and what runs
#   cluster.sh load FILE...       import OCI archives into it
#   cluster.sh registry [up|down|block|open]   a private registry in its network; `block` drops packets to it
#   cluster.sh push FILE...       OCI archives into that registry; prints names and digests
#   cluster.sh kubectl [ARG...]   kubectl of this cluster's version, on this cluster
#   cluster.sh helm [ARG...]      helm, on this cluster; `lint` and `template` need none
#   cluster.sh restart NAME [SIG]   end one of its programs (kubelet, containerd, ...), by SIGTERM unless told, start it again
#   cluster.sh enter [CMD...]     run a command in the cluster's network, mounts and processes
#   cluster.sh build              only build its programs (build/cluster/kube)
#   cluster.sh check              only say what this machine lacks
#
# Why      The whole cluster lives in mount, network and process namespaces of its own: its firewall
#          rules, interfaces, mounts and shims end with them, and no port of the machine is taken.
# Owns     CLUSTER_DIR (default /var/tmp/farguard-cluster), the interface `farguard0`, the control
#          group `farguard-cluster`; `down` also gives back the sysctls that the kubelet sets.
#          CLUSTER_NUMBER=1..7 is another cluster beside it, with names and addresses of its own.
# Errors   One line on stderr with the way out; exit 1.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
here=$top/hack/cluster
# shellcheck source=hack/cluster/address.sh
. "$here/address.sh"
dir=$cluster_dir
kube=$top/build/cluster/kube
pause=$top/build/cluster/pause.tar

node=fargate-1
before=/run/farguard-cluster # what the first cluster found and the last one gives back

# What the clients remember stays out of the user's home.
export KUBECACHEDIR=$top/build/cluster/cache HELM_CACHE_HOME=$top/build/cluster/cache/helm
export HELM_CONFIG_HOME=$HELM_CACHE_HOME HELM_DATA_HOME=$HELM_CACHE_HOME

say() {
	echo "cluster: $*" >&2
}

die() {
	say "$*"
	exit 1
}

# The next two print the host's view of the cluster's first process, nothing when there is none.
init_pid() {
	local pid start
	{ read -r pid start <"$dir/init"; } 2>/dev/null || return 1
	# A recycled process id has another start time.
	[ "$(start_time "$pid")" = "$start" ] || return 1
	echo "$pid"
}

start_time() { # PID: field 22 of proc_pid_stat(5); the name in field 2 may hold spaces
	local stat
	{ read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 0
	# shellcheck disable=SC2086 # the fields of one line
	set -- ${stat##*) }
	echo "${20}"
}

running() {
	[ -n "$(init_pid)" ]
}

# shellcheck source=hack/cluster/build.sh
. "$here/build.sh"
# shellcheck source=hack/cluster/check.sh
. "$here/check.sh"
# shellcheck source=hack/cluster/config.sh
. "$here/config.sh"
# shellcheck source=hack/cluster/up.sh
. "$here/up.sh"
# shellcheck source=hack/cluster/down.sh
. "$here/down.sh"
# shellcheck source=hack/cluster/status.sh
. "$here/status.sh"
# shellcheck source=hack/cluster/registry.sh
. "$here/registry.sh"

load() {
	local file sum
	running || die "not up; start it with: hack/cluster.sh up"
	for file; do
		sum=$(sha256sum "$file" | cut -d ' ' -f 1)
		if [ -e "$dir/loaded/$sum" ]; then
			say "${file##*/} is loaded already"
			continue
		fi
		ctr -a "$dir/containerd.sock" -n k8s.io images import "$file" >"$dir/log/load" 2>&1 ||
			die "cannot load $file: $(tail -n 1 "$dir/log/load")"
		touch "$dir/loaded/$sum"
		say "loaded ${file##*/} ($(du -h "$file" | cut -f 1))"
	done
}

enter() {
	local pid
	pid=$(init_pid) || die "not up; start it with: hack/cluster.sh up"
	[ $# -gt 0 ] || set -- "${SHELL:-/bin/bash}"
	exec nsenter -t "$pid" -m -n -p "$@"
}

client() { # program args...
	build_quietly
	# Without a cluster these serve `version`, `helm template` and `helm lint`.
	if running; then
		export KUBECONFIG=$dir/kubeconfig
	else
		export KUBECONFIG=/dev/null
	fi
	exec "$kube" "$@"
}

# One `up` or `down` at a time on a machine; the lock goes with the process.
exclusively() {
	exec 9</run
	flock -n 9 || {
		say "waiting for another cluster.sh to end"
		flock 9
	}
}

verb=${1:-}
shift || true
case $verb in
up | down)
	exclusively
	"$verb"
	;;
status | check | build) "$verb" ;;
load | enter | restart | registry | push) "$verb" "$@" ;;
kubectl | helm) client "$verb" "$@" ;;
*)
	sed -n "s/^#   //p" "$0" >&2
	exit 2
	;;
esac
