# build.sh - the cluster's programs: one Go binary, and the image that holds a pod's namespaces.
# shellcheck shell=bash disable=SC2154 # read by hack/cluster.sh

kube_version=v1.35.4 # k8s.io/kubernetes in go.mod; the build stamps it

sources_sum() {
	cat "$here/main.go" "$here/go.mod" "$here/go.sum" "$here/build.sh" | sha256sum | cut -d ' ' -f 1
}

build() {
	mkdir -p "$top/build/cluster"
	build_kube
	build_pause
}

# For commands whose output is read by programs: silent when there is nothing to do.
build_quietly() {
	[ "$(cat "$kube.sum" 2>/dev/null)" = "$(sources_sum)" ] || build
}

build_kube() {
	local go sum started packages job log=$top/build/cluster/build.log
	sum=$(sources_sum)
	[ "$(cat "$kube.sum" 2>/dev/null)" != "$sum" ] || return 0
	go=$("$top/hack/deps.sh" go) || die "no Go >= 1.25 here; install it with: hack/deps.sh install"
	say "building etcd, Kubernetes, CoreDNS and helm into one program ($("$go" version | cut -d ' ' -f 3));" \
		"5 to 8 minutes on two cores the first time, seconds when Go's cache is warm"
	started=$SECONDS
	(
		cd "$here" || exit 1
		export CGO_ENABLED=0 GOWORK=off GOTOOLCHAIN=local
		# `go mod download` retries nothing itself; a second try often succeeds.
		"$go" mod download || "$go" mod download || exit 1
		echo "farguard: downloaded"
		exec "$go" build -v -trimpath -o "$kube.new" -ldflags "-s -w
			-X k8s.io/component-base/version.gitVersion=$kube_version
			-X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=35" .
	) >"$log" 2>&1 &
	job=$!
	while sleep 1 && kill -0 $job 2>/dev/null; do
		[ $(((SECONDS - started) % 15)) -eq 0 ] || continue
		packages=$(grep -cE '^[a-z0-9.-]+(/|$)' "$log" || true)
		if grep -q '^farguard: downloaded' "$log"; then
			say "  $((SECONDS - started)) s: $packages packages compiled (about 1800 when nothing is cached)"
		else
			say "  $((SECONDS - started)) s: downloading the sources"
		fi
	done
	wait $job || {
		tail -n 20 "$log" >&2
		die "the build failed; the whole log is $log"
	}
	mv "$kube.new" "$kube"
	echo "$sum" >"$kube.sum"
	say "built $kube ($(du -h "$kube" | cut -f 1), $((SECONDS - started)) s)"
}

# An OCI archive of one file, made by hand: the cluster must not depend on the image builder.
build_pause() {
	local work layer config manifest
	[ "$pause" -nt "$here/pause/pause.c" ] && return 0
	work=$(mktemp -d "$top/build/cluster/pause.XXXXXX")
	mkdir -p "$work/oci/blobs/sha256" "$work/root"
	gcc -std=gnu17 -O2 -Wall -Wextra -Werror -static -o "$work/root/pause" "$here/pause/pause.c"
	strip "$work/root/pause"
	tar -C "$work/root" --owner=0 --group=0 --numeric-owner --mtime=@0 -cf "$work/layer" pause
	layer=$(blob "$work" "$work/layer")
	printf '{"architecture":"amd64","os":"linux","config":{"Entrypoint":["/pause"],"User":"65535:65535"},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
		"${layer% *}" >"$work/config"
	config=$(blob "$work" "$work/config")
	# shellcheck disable=SC2086 # digest and size are two words
	printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:%s","size":%s},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"sha256:%s","size":%s}]}' \
		$config $layer >"$work/manifest"
	manifest=$(blob "$work" "$work/manifest")
	# shellcheck disable=SC2086 # digest and size are two words
	printf '{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:%s","size":%s,"annotations":{"io.containerd.image.name":"farguard.test/pause:1","org.opencontainers.image.ref.name":"1"}}]}' \
		$manifest >"$work/oci/index.json"
	echo '{"imageLayoutVersion":"1.0.0"}' >"$work/oci/oci-layout"
	tar -C "$work/oci" -cf "$pause" oci-layout index.json blobs
	rm -rf "$work"
}

blob() { # WORK FILE: store it; prints "digest size"
	local sum
	sum=$(sha256sum "$2" | cut -d ' ' -f 1)
	cp "$2" "$1/oci/blobs/sha256/$sum"
	echo "$sum $(stat -c %s "$2")"
}
