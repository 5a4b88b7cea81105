# samples.sh - ordinary images of each kind that a pod may have; none knows of Farguard.
# shellcheck shell=bash disable=SC2154 # read by hack/images.sh
#
# Why      What can be guarded depends on the C library and on how an image says what to run:
#
#          image    C library       ENTRYPOINT             CMD
#          glibc    glibc           worker                 serve
#          musl     musl            -                      worker serve
#          static   none            worker                 -
#          python   glibc           -                      python3 worker.py serve
#          nginx    glibc           docker-entrypoint.sh   nginx -g ...
#          busybox  none (static)   /bin/sh                worker.sh serve

# The release and mirror that this machine's apt uses, so that nothing is named here.
release() {
	# shellcheck source=/dev/null
	(. /etc/os-release && echo "$VERSION_CODENAME")
}

mirror() {
	# shellcheck disable=SC2016 # apt expands these
	apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
		awk -v release="$(release)" '$1 == release && $2 == "main" { print $3; exit }'
}

# build/images/base: a minimal root file system of this release, without what an image does not need.
base() {
	local root=$out/root/base from
	[ ! -e "$out/base.done" ] || return 0
	from=$(mirror)
	[ -n "$from" ] || die "apt has no list of packages of $(release); run: apt-get update"
	say "making a root file system of $(release) from its packages (a minute or two, once)"
	rm -rf "$root"
	debootstrap --variant=minbase "$(release)" "$root" "$from" >"$out/base.log" 2>&1 ||
		die "debootstrap failed: $(tail -n 1 "$out/base.log")"
	printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" # no service is started in it
	chmod +x "$root/usr/sbin/policy-rc.d"
	trim "$root"
	touch "$out/base.done"
}

trim() {
	rm -rf "$1"/var/cache/apt/*.bin "$1"/var/cache/apt/archives/*.deb "$1"/usr/share/{doc,man,locale,info} \
		"$1"/var/log/*.log "$1"/var/log/apt
}

# build/images/root/NAME: what PACKAGE adds to the base.
layer() { # NAME PACKAGE
	local upper=$out/root/$1
	[ ! -e "$out/$1.done" ] || return 0
	base
	say "adding $2 to it"
	rm -rf "$upper" "$out/root/$1.work" "$out/root/$1.all"
	mkdir -p "$upper" "$out/root/$1.work" "$out/root/$1.all"
	# In a mount namespace of its own: nothing stays mounted, whatever happens.
	# shellcheck disable=SC2016 # the inner shell expands them
	unshare --mount --pid --fork sh -euc '
		mount -t overlay overlay -o "lowerdir=$1,upperdir=$2,workdir=$2.work" "$2.all"
		mount -t proc proc "$2.all/proc"
		export DEBIAN_FRONTEND=noninteractive
		chroot "$2.all" apt-get -qq update
		chroot "$2.all" apt-get -qq -y --no-install-recommends install "$3"
		rm -rf "$2.all"/var/lib/apt/lists/*' sh "$out/root/base" "$upper" "$2" >"$out/$1.log" 2>&1 ||
		die "installing $2 failed: $(tail -n 1 "$out/$1.log")"
	rm -rf "$out/root/$1.work" "$out/root/$1.all"
	trim "$upper"
	touch "$out/$1.done"
}

base_image() {
	local sum
	base
	sum=$(sum_of "$out/base.done" "$out/root/base/var/lib/dpkg/status")
	if [ "$(cat "$out/base.sum" 2>/dev/null)" != "$sum" ] || ! builder inspect --type image localhost/base >/dev/null 2>&1; then
		say "storing the base layer"
		container=$(builder from scratch)
		# Device nodes are the runtime's business.
		rm -rf "$out/root/base/dev"
		mkdir -p "$out/root/base/dev"
		builder add -q "$container" "$out/root/base" / >/dev/null
		builder commit -q --rm "$container" localhost/base >/dev/null
		echo "$sum" >"$out/base.sum"
	fi
}

files() { # NAME: an empty directory for the files of this sample
	rm -rf "$out/root/$1.files"
	mkdir -p "$out/root/$1.files"
	echo "$out/root/$1.files"
}

# musl-gcc does not look where the kernel's headers are.
compile_musl() { # OUTPUT SOURCE FLAG...
	local output=$1 source=$2
	shift 2
	musl-gcc -std=gnu17 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror "$@" -o "$output" "$source"
	strip "$output"
}

sample_glibc() {
	local sum root
	base_image
	sum=$(sum_of "$src/worker.sh" "$out/base.sum")
	! fresh sample-glibc "$sum" || return 0
	root=$(files glibc)
	install -D -m 0755 "$src/worker.sh" "$root/usr/local/bin/worker"
	image sample-glibc "$sum" localhost/base "$root" --user "$user" --entrypoint '["worker"]' --cmd serve
}

sample_python() {
	local sum root
	layer python python3-minimal
	base_image
	sum=$(sum_of "$src/worker.py" "$out/base.sum" "$out/root/python/var/lib/dpkg/status")
	! fresh sample-python "$sum" || return 0
	root=$out/root/python
	install -D -m 0644 "$src/worker.py" "$root/app/worker.py"
	image sample-python "$sum" localhost/base "$root" --user "$user" --workingdir /app \
		--env PYTHONUNBUFFERED=1 --entrypoint '[]' --cmd 'python3 worker.py serve'
}

sample_nginx() {
	local sum root
	layer nginx nginx-light
	base_image
	sum=$(sum_of "$src/nginx.conf" "$src/nginx-entrypoint.sh" "$out/base.sum" "$out/root/nginx/var/lib/dpkg/status")
	! fresh sample-nginx "$sum" || return 0
	root=$out/root/nginx
	install -m 0644 "$src/nginx.conf" "$root/etc/nginx/nginx.conf"
	install -m 0755 "$src/nginx-entrypoint.sh" "$root/docker-entrypoint.sh"
	image sample-nginx "$sum" localhost/base "$root" --user "$user" --port 8080 \
		--entrypoint '["/docker-entrypoint.sh"]' --cmd '["nginx","-g","daemon off;"]'
}

sample_musl() {
	local sum root
	sum=$(sum_of "$src/worker.c" "$src/tool.c" /lib/ld-musl-*.so.1)
	! fresh sample-musl "$sum" || return 0
	root=$(files musl)
	mkdir -p "$root/bin" "$root/lib" "$root/etc" "$root/tmp"
	install -m 0755 /lib/ld-musl-*.so.1 "$root/lib"
	compile_musl "$root/bin/worker" "$src/worker.c"
	compile_musl "$root/bin/tool" "$src/tool.c"
	image sample-musl "$sum" scratch "$root" --user "$user" --env PATH=/bin --entrypoint '[]' --cmd 'worker serve'
}

sample_static() {
	local sum root
	sum=$(sum_of "$src/worker.c" "$src/tool.c")
	! fresh sample-static "$sum" || return 0
	root=$(files static)
	mkdir -p "$root/bin"
	compile_musl "$root/bin/worker" "$src/worker.c" -static
	compile_musl "$root/bin/tool" "$src/tool.c" -static
	image sample-static "$sum" scratch "$root" --user "$user" --env PATH=/bin \
		--entrypoint '["/bin/worker"]' --cmd ''
}

sample_busybox() {
	local sum root applet
	sum=$(sum_of "$src/worker.sh" /bin/busybox)
	! fresh sample-busybox "$sum" || return 0
	root=$(files busybox)
	mkdir -p "$root/bin" "$root/tmp" "$root/etc"
	chmod 1777 "$root/tmp"
	install -m 0755 /bin/busybox "$root/bin/busybox"
	for applet in sh cat echo env false id kill ls pwd sleep true uname; do
		ln "$root/bin/busybox" "$root/bin/$applet"
	done
	install -m 0755 "$src/worker.sh" "$root/bin/worker"
	image sample-busybox "$sum" scratch "$root" --user "$user" --env PATH=/bin \
		--entrypoint '["/bin/sh"]' --cmd '["/bin/worker","serve"]'
}
