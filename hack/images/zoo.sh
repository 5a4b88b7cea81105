# zoo.sh - one layer with the packages of many servers and languages, and the programs built for the zoo.
# shellcheck shell=bash disable=SC2154 # read by hack/images.sh
#
# Why      Unpacked, not installed: no maintainer's script runs, nothing is configured, and a minute
#          is enough.  All images of catalog.py share this layer and the base in one OCI archive.

zoo_packages=(nodejs default-jre-headless redis-server redis-tools gosu postgresql php-fpm apache2-bin libjemalloc2
	s6 execline libfcgi-bin)
# What those depend on and no sample uses: LLVM for PostgreSQL's JIT, systemd, Perl, fonts and sound for Java.
zoo_without='^(systemd|libsystemd-shared|dmsetup|libdevmapper.*|libcryptsetup.*|libfdisk1|libkmod2|libip4tc2|libllvm.*|libz3.*|.*perl.*|locales|libc-l10n|openssl|ssl-cert|ca-certificates.*|postgresql-common|postgresql-client-common|fonts-.*|fontconfig-.*|libfontconfig1|libcups.*|libavahi-.*|libasound.*|libglib2.*|libharfbuzz.*|libgraphite.*|libfreetype6|liblcms2-2|libjpeg.*|libpng.*|libnss3|libnspr4|libpcsclite1|libdbus-1-3|sensible-utils|ucf|procps|psmisc|readline-common)$'

# build/images/root/zoo: what the packages unpack to.
zoo_layer() {
	local root=$out/root/zoo sum
	base
	sum=$(cat "$out/base.log" "$src/zoo.sh" "$src/zoo/Worker.java" | sha256sum | cut -d ' ' -f 1)
	[ "$(cat "$out/zoo.done" 2>/dev/null)" != "$sum" ] || return 0
	say "unpacking ${zoo_packages[*]} (110 MB to download)"
	rm -rf "$root" "$root.work" "$root.all"
	mkdir -p "$root" "$root.work"/{upper,work,java} "$root.all"
	# In a mount namespace of its own: nothing stays mounted, whatever happens.
	# shellcheck disable=SC2016 # the inner shell expands them
	unshare --mount --pid --fork bash -euo pipefail -c '
		base=$1 root=$2 without=$3
		shift 3
		mount -t overlay overlay -o "lowerdir=$base,upperdir=$root.work/upper,workdir=$root.work/work" "$root.all"
		mount -t proc proc "$root.all/proc"
		mkdir -p "$root.all/dev" "$root.all/debs"
		mount --rbind /dev "$root.all/dev"
		chroot "$root.all" apt-get -qq update
		chroot "$root.all" apt-get -s --no-install-recommends install "$@" |
			awk "/^Inst/ { print \$2 }" | grep -vE "$without" >"$root.all/debs/list"
		chroot "$root.all" sh -euc "cd /debs && apt-get -qq -o APT::Sandbox::User=root download \$(cat list)"
		for deb in "$root.all"/debs/*.deb; do
			dpkg-deb --fsys-tarfile "$deb" | tar -C "$root" -x --keep-directory-symlink \
				--exclude=./usr/share/{doc,man,locale,info,lintian,postgresql/*/man} \
				--exclude=./usr/lib/{systemd,file} --exclude=./usr/lib/postgresql/*/lib/bitcode --exclude=*/ct.sym
		done' bash "$out/root/base" "$root" "$zoo_without" "${zoo_packages[@]}" >"$out/zoo.log" 2>&1 ||
		die "unpacking failed: $(tail -n 1 "$out/zoo.log")"
	zoo_settle "$root"
	zoo_java "$root"
	rm -rf "$root.work" "$root.all"
	echo "$sum" >"$out/zoo.done"
}

# What maintainers' scripts would have done: users, and names without a version.
zoo_settle() { # ROOT
	local root=$1 directory
	# Where the base has a link, a directory of the same name would hide what is behind it.
	for directory in bin sbin lib lib64; do
		[ ! -d "$root/$directory" ] || [ -L "$root/$directory" ] || {
			mkdir -p "$root/usr/$directory"
			cp -a "$root/$directory/." "$root/usr/$directory/"
			rm -rf "${root:?}/$directory"
		}
	done
	mkdir -p "$root/etc" "$root/usr/local/bin"
	{
		cat "$out/root/base/etc/passwd"
		printf '%s\n' redis:x:998:998::/data:/bin/sh postgres:x:999:999::/var/lib/postgresql:/bin/sh node:x:1000:1000::/app:/bin/sh
	} >"$root/etc/passwd"
	{
		cat "$out/root/base/etc/group"
		printf '%s\n' redis:x:998: postgres:x:999: node:x:1000:
	} >"$root/etc/group"
	(
		cd "$root/usr/local/bin" || exit 1
		ln -sf ../../lib/jvm/java-*/bin/java .
		ln -sf ../../lib/postgresql/*/bin/* .
		ln -sf ../../sbin/php-fpm* php-fpm
		ln -sf ../../sbin/apache2 .
	)
	mkdir -p "$root/usr/lib/apache2" "$root/var/www/html" "$root/app"
	echo shop >"$root/var/www/html/index.html"
	rm -rf "$root/var/run" # a link in the base
	install -d -m 1777 "$root/run/postgresql"
	install -d -m 1777 -o 999 -g 999 "$root/var/lib/postgresql/data"
	install -d -m 0777 -o 998 -g 998 "$root/data"
}

# The runtime has the compiler's module, if not its program.
zoo_java() { # ROOT
	local root=$1
	# shellcheck disable=SC2016 # the inner shell expands them
	unshare --mount --pid --fork sh -euc '
		mount -t overlay overlay -o "lowerdir=$2:$1,upperdir=$2.work/java,workdir=$2.work/work" "$2.all"
		mount -t proc proc "$2.all/proc"
		cp "$3" "$2.all/app"
		chroot "$2.all" java -XX:TieredStopAtLevel=1 -m jdk.compiler/com.sun.tools.javac.Main -g:none -d /app /app/Worker.java
		cp "$2.all"/app/*.class "$2/app"' sh "$out/root/base" "$root" "$src/zoo/Worker.java" >>"$out/zoo.log" 2>&1 ||
		die "Java cannot build Worker.java: $(tail -n 1 "$out/zoo.log")"
}

# build/images/zoo: what is compiled for it.
zoo_programs() {
	local bin=$out/zoo go sum
	sum=$(cat "$src/zoo/worker.go" "$src/tool.c" "$src/zoo.sh" | sha256sum | cut -d ' ' -f 1)
	[ "$(cat "$bin/sum" 2>/dev/null)" != "$sum" ] || return 0
	go=$("$top/hack/deps.sh" go) || die "no Go here; install it with: hack/deps.sh install"
	rm -rf "$bin"
	mkdir -p "$bin"
	(
		export GOFLAGS=-trimpath GOTOOLCHAIN=local GO111MODULE=off
		CGO_ENABLED=0 "$go" build -ldflags '-s -w' -o "$bin/go-static" "$src/zoo/worker.go"
		CGO_ENABLED=0 "$go" build -ldflags '-s -w' -buildmode=pie -o "$bin/go-pie" "$src/zoo/worker.go"
		CGO_ENABLED=1 "$go" build -ldflags '-s -w' -o "$bin/go-cgo" "$src/zoo/worker.go"
	) || die "Go cannot build $src/zoo/worker.go"
	gcc -std=gnu17 -O2 -Wall -Wextra -Werror -s -o "$bin/tool" "$src/tool.c"
	compile_musl "$bin/tool-static" "$src/tool.c" -static
	echo "$sum" >"$bin/sum"
}

# build/images/sample-zoo.tar: the images of catalog.py that are not built above, as one OCI archive.
zoo() {
	local sum
	zoo_layer
	base_image
	zoo_programs
	sum=$(sum_of "$src"/{zoo.sh,archive.py,catalog.py,worker.sh} "$src"/zoo/* "$out/base.sum" "$out/zoo.done" "$out/zoo/sum")
	! fresh sample-zoo "$sum" || return 0
	rm -f "$out/sample-zoo.tar"
	python3 "$src/archive.py" "$out" "$src" "$tag" "$out/sample-zoo.tar"
	echo "$sum" >"$out/sample-zoo.sum"
	say "the zoo: $(size "$out/sample-zoo.tar")"
}
