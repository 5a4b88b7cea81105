#!/bin/bash
# deps.sh - what building, testing and the demo need on Debian or Ubuntu.
#
#   deps.sh install    install what is missing (root), and say so; silent about what is there
#   deps.sh list       print every package
#   deps.sh check      print what is missing; exit 1 when something is
#   deps.sh go         print the path of a Go that can build the cluster's programs
#
# Why      `make demo` and `make test` must work on a fresh machine without a word of instruction.
# Errors   One line on stderr with the way out; exit 1.
set -euo pipefail

packages=(
	# building
	gcc libc6-dev make pkg-config libmicrohttpd-dev libgnutls28-dev libssl-dev libjson-c-dev libyaml-dev
	libcurl4-openssl-dev
	# checking
	clang clang-format libcmocka-dev musl-tools shellcheck git python3 python3-yaml python3-jsonpatch
	python3-jsonschema mandoc groff-base zsh
	# the local cluster
	containerd runc containernetworking-plugins iptables conntrack iproute2 kmod mount util-linux procps openssl curl
	ca-certificates golang-go
	# where the cases look images up
	docker-registry
	# programs that insist on being process 1, for the tests
	s6 execline catatonit
	# images of the demo and of the tests
	buildah debootstrap busybox-static
	# promtool for the chart's alerts, and a scrape
	prometheus
	# peers that `make bench` measures against
	strace tini wrk
)
# Parts of packages above where the release splits them off: sanitizers and the fuzzer for clang.
split=(libclang-rt-14-dev)

go_needed=1.25
go_module=golang.org/toolchain@v0.0.1-go1.25.0.linux-amd64
go_found=

say() {
	echo "deps: $*" >&2
}

debian() {
	command -v dpkg-query >/dev/null && command -v apt-get >/dev/null
}

missing() {
	local package
	for package; do
		# A Go that is there and new enough needs no second one.
		[ "$package" != golang-go ] || ! command -v go >/dev/null || continue
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
	done
}

new_enough() { # GO: whether it is at least go_needed
	local version
	version=$(GOTOOLCHAIN=local "$1" version 2>/dev/null | awk '{ sub(/^go/, "", $3); print $3 }')
	[ -n "$version" ] && [ "$(printf '%s\n' "$go_needed" "$version" | sort -V | head -n 1)" = "$go_needed" ]
}

find_go() {
	local go cache
	cache=$(go env GOMODCACHE 2>/dev/null || true)
	for go in "$(command -v go || true)" /usr/local/go/bin/go /usr/lib/go-1.*/bin/go "$cache/$go_module/bin/go"; do
		if [ -x "$go" ] && new_enough "$go"; then
			go_found=$go
			return 0
		fi
	done
	return 1
}

# Go's own toolchains are modules; the zip that an old Go unpacks has no executable bits.
install_go() {
	local work dir
	say "go is older than $go_needed: bringing $go_module through the module proxy (about 60 MB)"
	work=$(mktemp -d)
	dir=$(cd "$work" && go mod download -json "$go_module" | awk -F '"' '$2 == "Dir" { print $4 }') || dir=
	rm -rf "$work"
	if [ -z "$dir" ] || ! chmod -R u+w,+x "$dir/bin" "$dir/pkg/tool"; then
		say "cannot download it; set GOPROXY to a module proxy that this machine reaches, or install Go $go_needed"
		return 1
	fi
}

install() {
	local -a want=()
	if ! debian; then
		say "this is not Debian or Ubuntu; install what does the same as these packages, then go on:"
		list >&2
		return 1
	fi
	mapfile -t want < <(missing "${packages[@]}")
	if [ ${#want[@]} -gt 0 ]; then
		[ "$(id -u)" = 0 ] || {
			say "needs root (sudo) to install: ${want[*]}"
			return 1
		}
		say "installing ${#want[@]} packages: ${want[*]}"
		apt_get update || say "apt-get update failed; trying with the lists that are here"
		mapfile -t -O ${#want[@]} want < <(for p in $(missing "${split[@]}"); do
			[ -z "$(apt-cache show "$p" 2>/dev/null)" ] || echo "$p"
		done)
		without_services apt_get install -y --no-install-recommends "${want[@]}" || {
			say "apt-get failed; its last lines stand above"
			return 1
		}
		keep_off "${want[@]}"
	fi
	find_go || install_go
	find_go || {
		say "no Go >= $go_needed"
		return 1
	}
	say "everything is here (Go: $go_found)"
}

# Nothing that is installed is to run by itself: the tests start their own.
without_services() { # command...
	local policy=/usr/sbin/policy-rc.d status=0
	if [ -e $policy ]; then
		"$@"
		return
	fi
	printf '#!/bin/sh\nexit 101\n' >$policy
	chmod +x $policy
	"$@" || status=$?
	rm -f $policy
	return $status
}

# Nor at the next boot, if it was not there before.
keep_off() { # PACKAGE...
	local package
	command -v systemctl >/dev/null || return 0
	for package; do
		case $package in
		prometheus | docker-registry) systemctl disable -q "$package" 2>/dev/null || true ;;
		esac
	done
}

apt_get() { # its output only when it fails
	local log status=0
	log=$(mktemp)
	DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 -o Acquire::Retries=3 "$@" </dev/null >"$log" 2>&1 ||
		status=$?
	[ $status -eq 0 ] || tail -n 15 "$log" >&2
	rm -f "$log"
	return $status
}

list() {
	printf '%s\n' "${packages[@]}"
}

check() {
	local -a lacking=()
	if ! debian; then
		say "this is not Debian or Ubuntu; see: hack/deps.sh list"
		return 1
	fi
	mapfile -t lacking < <(missing "${packages[@]}")
	find_go || lacking+=("go>=$go_needed")
	[ ${#lacking[@]} -eq 0 ] || {
		say "missing: ${lacking[*]}; install with: hack/deps.sh install"
		return 1
	}
}

case ${1:-} in
install | list | check) "$1" ;;
go)
	find_go || {
		say "no Go >= $go_needed here; install it with: hack/deps.sh install"
		exit 1
	}
	echo "$go_found"
	;;
*)
	sed -n "s/^#   //p" "$0" >&2
	exit 2
	;;
esac
