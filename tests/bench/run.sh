#!/bin/bash
# run.sh - what Farguard costs: bare, guarded and a peer side by side in one run (root).
#
#   run.sh [ROUNDS [PART...]]     200 rounds; parts: starts probes opens memory idle payload reviews webhook
#
# Everything runs in mount, network and PID namespaces of its own: an overlay of this machine's
# root, once bare and once with the payload installed as in a pod.
set -eu
cd "$(dirname "$0")/../.."
rounds=${1:-200}
shift $(($# > 0))
[ $# -gt 0 ] || set -- starts probes opens memory idle payload reviews webhook
build=${FARGUARD_BUILD:-build/release}
[ "$(id -u)" = 0 ] || {
	echo "bench: needs root, for namespaces of its own" >&2
	exit 1
}
if [ -z "${FARGUARD_BENCH_INSIDE:-}" ]; then
	mkdir -p build/bench
	for p in start open probe; do
		${CC:-cc} -O2 -D_GNU_SOURCE "tests/bench/$p.c" -o "build/bench/$p"
	done
	make --no-print-directory MODE=release B="$build" "$build/tests/bench/review" >/dev/null
	case " $* " in
	*" payload "*) FARGUARD_BUILD=$build hack/images.sh payload ;;
	esac
	case " $* " in
	*" webhook "*) tests/bench/webhook.sh build ;; # while there is a network
	esac
	FARGUARD_BENCH_INSIDE=1 exec unshare --mount --net --pid --fork --mount-proc "$0" "$rounds" "$@"
fi

# shellcheck source=tests/bench/pod.sh
. tests/bench/pod.sh
pod_begin
trap pod_end EXIT

# Lines NAME MEDIAN P90 LEAST on stdin, the first of them bare; the goal is for what the medians differ.  On a machine
# that does other work the least is nearer to what it would be without.
added() { # GOAL
	awk -v goal="$1" '$1 == "bare" { bare = $2; least = $4 }
		{ printf "  %-10s median %6d  p90 %6d  least %6d  added %+6d, to the least %+6d", $1, $2, $3, $4, $2 - bare, $4 - least
		  if ($1 == "command" || $1 == "self-wrap") printf "   (goal <= %d)", goal
		  print "" }'
}

part_starts() {
	echo 'Start of a container, execve to main() of a dynamically linked program [us]'
	build/bench/start "$rounds" \
		bare "$work/bare" /bench/start --stamp 9 // \
		command "$work/guarded" /.farguard/farguard run -- /bench/start --stamp 9 // \
		self-wrap "$work/guarded" /bench/start --stamp 9 // \
		tini "$work/bare" "$(command -v tini || echo /usr/bin/tini)" -- /bench/start --stamp 9 |
		added 10000
}

part_probes() {
	local bare wrapped self
	contain "$work/bare" /bin/sleep 3600
	bare=$first
	contain "$work/guarded" /.farguard/farguard run -- /bin/sleep 3600
	wrapped=$first
	contain "$work/guarded" /bin/sleep 3600
	self=$first
	sleep 1
	echo 'Exec probe, /bin/true in a container that runs, fork to status [us]'
	build/bench/probe "$rounds" bare "$bare" /bin/true // command "$wrapped" /bin/true // self-wrap "$self" /bin/true |
		added 5000
	end_containers
	if ! command -v runc >/dev/null; then
		echo '  runc is not installed: its own exec is not measured'
		return
	fi
	echo
	echo 'The same by runc exec, of which most is its own [us]'
	runc_probes $((rounds < 50 ? rounds : 50)) | added 5000
}

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

part_opens() {
	for mode in read write; do
		echo "open+close to $mode, through libc [ns]"
		pairs $mode | awk '$1 == "bare" { bare = $2 }
			{ printf "  %-10s %9.0f  ratio %6.2f", $1, $2, $2 / bare
			  if ($1 == "farguard") printf "   (goal <= 1.10)"
			  print "" }'
		[ $mode = write ] || echo
	done
}

pss() { # PID...: their proportional set sizes in KiB
	local pid
	for pid; do
		cat "/proc/$pid/smaps_rollup"
	done | awk '/^Pss:/ { n += $2 } END { print n }'
}

part_memory() {
	local ours
	contain "$work/guarded" /.farguard/farguard run -- /bin/sleep 3600
	# shellcheck disable=SC2016 # the guarded shell expands it
	"${contained[@]}" chroot "$work/guarded" /.farguard/farguard run -- sh -c 'for i in $(seq 500); do /bin/true $i; done'
	sleep 1
	mapfile -t ours < <(farguards "$first")
	echo 'Memory, proportional set size [KiB]'
	printf '  %-10s %6d   (goal <= 1024; processes: %d)\n' supervisor "$(pss "${ours[@]}")" ${#ours[@]}
	printf '  %-10s %6d   (goal <= 6144; after %d lines)\n' agent "$(pss "$agent")" "$(wc -l <"$work/agent.log")"
	end_containers
}

part_idle() {
	local seconds=20
	printf 'CPU of an idle guarded pod in %d s: agent, its launcher, those of the containers [%% of a core]\n' $seconds
	contain "$work/bare" "$(command -v tini || echo /usr/bin/tini)" -- /bin/sleep 3600
	sleep 2
	printf '  %-14s %7.4f\n' tini "$(busy $seconds "$first")"
	end_containers
	for count in 1 5; do
		while [ ${#containers[@]} -lt $count ]; do
			contain "$work/guarded" /.farguard/farguard run -- /bin/sleep 3600
		done
		sleep 5 # what a start brings is read and reported by then
		printf '  %-14s %7.4f   (goal <= 0.1)\n' "$count guarded" "$(busy $seconds)"
	done
	end_containers
}

part_payload() {
	local archive=build/images/farguard-payload.tar
	echo 'What a node pulls once, compressed [KiB]'
	printf '  %-16s %6d   (goal <= 3072)\n' image $(($(stat -c %s $archive) / 1024))
	for file in build/images/root/payload/*; do # as it was built last
		[ -e "$file" ] || continue
		printf '    %-14s %6d   (%d installed)\n' "${file##*/}" $(($(gzip -c "$file" | wc -c) / 1024)) \
			$(($(stat -c %s "$file") / 1024))
	done
}

part_reviews() {
	echo 'AdmissionReviews of pods with 1, 10 and 100 containers, parse to answer [us]'
	"$build/tests/bench/review" tests/bench/review.json 1 10 100 | awk '{
		printf "  %3d, %6d bytes   json-c parse %8.1f   review %8.1f   ratio %4.2f   (goal 2.25)\n", $1, $2, $3, $4, $4 / $3 }'
}

part_webhook() {
	tests/bench/webhook.sh
}

printf 'Farguard bench: %s, %s CPUs, %s rounds\n' "$(uname -r)" "$(nproc)" "$rounds"
for part; do
	echo
	"part_$part"
done
