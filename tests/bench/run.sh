#!/bin/bash
# run.sh - what Farguard costs: bare, guarded and a peer side by side in one run (root).
#
#   run.sh [ROUNDS]     200 rounds of starts by default
#
# Everything runs in mount, network and PID namespaces of its own: an overlay of this machine's
# root, once bare and once with the payload installed as in a pod.
set -eu
cd "$(dirname "$0")/../.."
rounds=${1:-200}
build=${FARGUARD_BUILD:-build/release}
[ "$(id -u)" = 0 ] || {
	echo "bench: needs root, for namespaces of its own" >&2
	exit 1
}
if [ -z "${FARGUARD_BENCH_INSIDE:-}" ]; then
	mkdir -p build/bench
	for p in start open; do
		${CC:-cc} -O2 -D_GNU_SOURCE "tests/bench/$p.c" -o "build/bench/$p"
	done
	make --no-print-directory MODE=release B="$build" "$build/tests/bench/review" >/dev/null
	tests/bench/webhook.sh build # while there is a network
	FARGUARD_BENCH_INSIDE=1 exec unshare --mount --net --pid --fork --mount-proc "$0" "$@"
fi

export FARGUARD_CONTAINER=bench # as the webhook sets it
work=$(mktemp -d)
mount -t tmpfs bench "$work"
agent='' supervisor=''
finish() {
	[ -z "$agent" ] || kill "$agent" "$supervisor" 2>/dev/null || true
	umount -R "$work/bare" "$work/guarded" 2>/dev/null || true
	umount -l "$work"
	rmdir "$work"
}
trap finish EXIT

root() { # NAME: an overlay of the machine's root; the repository is visible in it
	mkdir -p "$work/$1" "$work/$1.up" "$work/$1.wk"
	mount -t overlay overlay -o "lowerdir=/,upperdir=$work/$1.up,workdir=$work/$1.wk" "$work/$1"
	mount --rbind /dev "$work/$1/dev"
	mount -t proc proc "$work/$1/proc"
	mkdir -p "$work/$1/bench"
	cp build/bench/start build/bench/open "$work/$1/bench/"
	echo data >"$work/$1/bench/file"
}
root bare
root guarded
mkdir -p "$work/guarded/.farguard" "$work/image"
cp "$build/bin/farguard" "$build/lib/libfarguard.so" "$work/image/"
"$build/bin/farguard" install --from "$work/image" "$work/guarded/.farguard" >/dev/null
cp "$work/guarded/.farguard/ld.so.preload" "$work/guarded/etc/ld.so.preload"

# As in a pod, each container has process ids and mounts of its own: launchers refuse an agent that they can see.
contained=(unshare --pid --mount --fork --kill-child)
FARGUARD_EVENTS=process,file,network "${contained[@]}" "$build/bin/farguard-agent" >"$work/agent.log" 2>&1 &
until agent=$(pgrep -P $!); do sleep 0.05; done

printf 'Farguard bench: %s, %s CPUs, %s rounds\n\n' "$(uname -r)" "$(nproc)" "$rounds"

echo 'Start of a container, execve to main() of a dynamically linked program [us]'
build/bench/start "$rounds" \
	bare "$work/bare" /bench/start --stamp 9 // \
	farguard "$work/guarded" /.farguard/farguard run -- /bench/start --stamp 9 // \
	self-wrap "$work/guarded" /bench/start --stamp 9 // \
	tini "$work/bare" "$(command -v tini || echo /usr/bin/tini)" -- /bench/start --stamp 9 |
	awk '$1 == "bare" { bare = $2 }
		{ printf "  %-10s median %6d  p90 %6d  added %+6d", $1, $2, $3, $2 - bare
		  if ($1 == "farguard" || $1 == "self-wrap") printf "   (goal <= 10000)"
		  print "" }'

pairs() { # median of 7 runs of open.c, in ns; bare, guarded and strace take turns
	local mode=$1 file=/bench/file
	for _ in 1 2 3 4 5 6 7; do
		echo "bare $("${contained[@]}" chroot "$work/bare" /bench/open 100000 "$mode" $file)"
		echo "farguard $("${contained[@]}" chroot "$work/guarded" /.farguard/farguard run -- /bench/open 100000 "$mode" $file)"
		echo "strace $("${contained[@]}" chroot "$work/bare" strace -f --seccomp-bpf -e trace=open,openat -o /dev/null /bench/open 3000 "$mode" $file)"
	done | sort -k1,1 -k2n | awk '
		{ v[$1, ++n[$1]] = $2 }
		END { for (k in n) { m = v[k, int((n[k] + 1) / 2)]; print k, m } }' | sort
}
for mode in read write; do
	echo
	echo "open+close to $mode, through libc [ns]"
	pairs $mode | awk '$1 == "bare" { bare = $2 }
		{ printf "  %-10s %9.0f  ratio %6.2f", $1, $2, $2 / bare
		  if ($1 == "farguard") printf "   (goal <= 1.10)"
		  print "" }'
done

pss() { # PID: proportional set size in KiB
	awk '/^Pss:/ { print $2 }' "/proc/$1/smaps_rollup"
}
echo
echo 'Memory, proportional set size [KiB]'
"${contained[@]}" chroot "$work/guarded" /.farguard/farguard run -- sleep 60 &
until supervisor=$(pgrep -P $!); do sleep 0.05; done
sleep 0.5
# shellcheck disable=SC2016 # the guarded shell expands it
"${contained[@]}" chroot "$work/guarded" /.farguard/farguard run -- sh -c 'for i in $(seq 500); do /bin/true $i; done'
sleep 0.5
printf '  %-10s %6d   (goal <= 1024)\n' supervisor "$(pss "$supervisor")"
printf '  %-10s %6d   (goal <= 6144; after %d lines)\n' agent "$(pss "$agent")" "$(wc -l <"$work/agent.log")"
kill "$supervisor"

echo
echo 'AdmissionReviews of pods with 1, 10 and 100 containers, parse to answer [us]'
"$build/tests/bench/review" tests/bench/review.json 1 10 100 | awk '{
	printf "  %3d, %6d bytes   json-c parse %8.1f   review %8.1f   ratio %4.2f   (goal 2.25)\n", $1, $2, $3, $4, $4 / $3 }'

echo
tests/bench/webhook.sh
