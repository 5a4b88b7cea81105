# address.sh - where the local cluster lives: CLUSTER_NUMBER=0..7 gives several on one machine.
# shellcheck shell=bash disable=SC2034 # hack/cluster.sh and the tests read it
#
# Why      Two checkouts that are tested at the same time must not share interfaces, routes or control groups.

number=${CLUSTER_NUMBER:-0}
case $number in
[0-7]) ;;
*)
	echo "cluster: CLUSTER_NUMBER is '$number'; it may be 0 to 7" >&2
	exit 2
	;;
esac
cluster_dir=${CLUSTER_DIR:-/var/tmp/farguard-cluster$([ "$number" = 0 ] || echo "-$number")}
link=farguard$number                         # the machine's only sight of the cluster
link_net=10.87.88.$((number * 4))/30         # ... a network of two
link_host=10.87.88.$((number * 4 + 1))       # ... its end
link_cluster=10.87.88.$((number * 4 + 2))    # ... the API server's
node_ip=10.$((88 + number)).0.1              # the pods' gateway, the node and the name server in one
pod_net=10.$((88 + number)).0.0/16
service_net=10.$((96 + number)).0.0/16
service_first=10.$((96 + number)).0.1
cgroup=farguard-cluster$([ "$number" = 0 ] || echo "-$number")
registry=$link_cluster:5443                  # hack/cluster.sh registry
registry_login=puller:secret
