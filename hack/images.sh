#!/bin/bash
# images.sh - build Farguard's images and the samples that demo and tests guard, without a registry (root).
#
#   images.sh [PART...]    parts: payload webhook samples zoo all; all of them by default
#
# Why      Nothing is pulled: Farguard's images are its programs and nothing else, the samples come
#          from this distribution's packages.  An image is built anew only when what goes into it changed.
# Owns     build/images: NAME.tar (OCI archives), NAME.sum, the builder's storage, root file systems.
# Errors   One line on stderr; exit 1.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
src=$top/hack/images
out=$top/build/images
tag=${FARGUARD_IMAGE_TAG:-dev}
build=${FARGUARD_BUILD:-$top/build/release}
user=65532:65532
payload_bytes_max=$((3 * 1024 * 1024))
samples="glibc musl static python nginx busybox"

say() {
	echo "images: $*" >&2
}

die() {
	say "$*"
	exit 1
}

builder() {
	buildah --root "$out/store" --runroot "$out/run" --storage-driver vfs "$@"
}

# shellcheck source=hack/images/samples.sh
. "$src/samples.sh"
# shellcheck source=hack/images/zoo.sh
. "$src/zoo.sh"

sum_of() { # FILE...: of contents, for the decision whether to build
	cat "$top/hack/images.sh" "$src/samples.sh" "$@" | sha256sum | cut -d ' ' -f 1
}

fresh() { # NAME SUM
	[ -e "$out/$1.tar" ] && [ "$(cat "$out/$1.sum" 2>/dev/null)" = "$2" ]
}

# The image's root is DIR, on top of image FROM; the rest are `buildah config` arguments.
image() { # NAME SUM FROM DIR CONFIG...
	local name=$1 sum=$2 from=$3 root=$4 container reference=farguard.test/$1:$tag
	shift 4
	container=$(builder from "$from")
	builder add -q "$container" "$root" / >/dev/null
	builder config "$@" "$container"
	builder commit -q --rm "$container" "$reference" >/dev/null
	rm -f "$out/$name.tar"
	builder push -q "$reference" "oci-archive:$out/$name.tar:$reference"
	echo "$sum" >"$out/$name.sum"
	say "$reference: $(size "$out/$name.tar")"
}

size() {
	stat -c %s "$1" | awk '{ if ($1 < 1048576) printf "%.0f KiB", $1 / 1024; else printf "%.1f MiB", $1 / 1048576 }'
}

programs() {
	[ -n "${FARGUARD_BUILD:-}" ] || make -C "$top" --no-print-directory MODE=release all >&2
	for file; do
		[ -e "$build/$file" ] || die "no $build/$file; build it with: make"
	done
}

payload() {
	local sum root=$out/root/payload
	programs bin/farguard bin/farguard-agent lib/libfarguard.so
	sum=$(sum_of "$build"/bin/farguard{,-agent} "$build/lib/libfarguard.so")
	if ! fresh farguard-payload "$sum"; then
		rm -rf "$root"
		mkdir -p "$root"
		install -m 0755 "$build/bin/farguard" "$build/bin/farguard-agent" "$build/lib/libfarguard.so" "$root"
		strip --strip-unneeded "$root"/*
		image farguard-payload "$sum" scratch "$root" \
			--user "$user" --entrypoint '["/farguard"]' --cmd ''
	fi
	[ "$(stat -c %s "$out/farguard-payload.tar")" -le $payload_bytes_max ] ||
		die "the payload image has $(size "$out/farguard-payload.tar"); it may have 3 MiB"
}

webhook() {
	local sum root=$out/root/webhook library authorities=/etc/ssl/certs/ca-certificates.crt
	local -a libraries
	programs bin/farguard-webhook
	[ -s $authorities ] || die "no $authorities; install it with: hack/deps.sh install"
	mapfile -t libraries < <(ldd "$build/bin/farguard-webhook" | grep -oE '/[^ ]+' | sort -u)
	sum=$(sum_of "$build/bin/farguard-webhook" $authorities "${libraries[@]}")
	! fresh farguard-webhook "$sum" || return 0
	rm -rf "$root"
	mkdir -p "$root/etc"
	install -m 0755 "$build/bin/farguard-webhook" "$root"
	strip --strip-unneeded "$root/farguard-webhook"
	for library in "${libraries[@]}"; do
		install -D -m 0755 "$library" "$root$library"
	done
	# Public registries are asked what an image starts.
	install -D -m 0644 $authorities "$root$authorities"
	# The C library's default asks the name server before the hosts file.
	echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
	image farguard-webhook "$sum" scratch "$root" \
		--user "$user" --entrypoint '["/farguard-webhook"]' --cmd ''
}

samples() {
	for sample in $samples; do
		"sample_$sample"
	done
}

all() {
	payload
	webhook
	samples
	zoo
}

[ "$(id -u)" = 0 ] || die "needs root (sudo)"
command -v buildah >/dev/null || die "buildah is not installed; install it with: hack/deps.sh install"
mkdir -p "$out/root"
[ $# -gt 0 ] || set -- all
for part; do
	case $part in
	payload | webhook | samples | zoo | all) "$part" ;;
	*)
		sed -n "s/^#   //p" "$0" >&2
		exit 2
		;;
	esac
done
