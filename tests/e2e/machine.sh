#!/bin/bash
# machine.sh - what the local cluster could leave on a machine, one line each, sorted.
#
# Why      `cluster.sh down` promises to leave nothing; two of these outputs must be equal.
# Limits   Leaves out what changes by itself: counters, and processes that others start (only those
#          that a cluster could have started are listed).
set -u
{
	ip -o link show | sed -E 's/^[0-9]+: /link /; s/ qlen [0-9]+//'
	ip -4 route show table all | sed 's/^/route /'
	iptables-save | grep -v '^#' | sed -E 's/^(:.*) \[[0-9:]+\]/\1/; s/^/iptables /'
	ip6tables-save | grep -v '^#' | sed -E 's/^(:.*) \[[0-9:]+\]/\1/; s/^/ip6tables /'
	sed 's/^/mount /' /proc/mounts
	find /sys/fs/cgroup -type d | sed 's/^/cgroup /'
	find /var/log /var/lib /run /etc /opt /usr/libexec /var/cache -xdev \( -path /var/lib/apt -o -path /var/lib/dpkg \) -prune -o -print 2>/dev/null |
		sed 's/^/file /'
	find /var/tmp /root /root/.kube /root/.cache /root/.config -maxdepth 1 2>/dev/null | sed 's/^/home /'
	sysctl -a 2>/dev/null | grep -E '^(vm\.(overcommit|panic)|kernel\.(panic|keys)|net\.(ipv4\.(ip_forward|conf)|bridge|netfilter))' |
		grep -vE 'nf_conntrack_count' | sed 's/^/sysctl /'
	pgrep -af '/build/cluster/kube |^/?[a-z/]*containerd|^/pause|cluster/inside.sh' | sed -E 's/^[0-9]+/process/'
} | sort
