#!/bin/bash
# webhook.sh - AdmissionReviews over TLS: farguard-webhook, a Go injector and EKS's webhook in one run.
#
#   webhook.sh [SECONDS]     4 s for each figure by default; about SECONDS * 40 in all
#   webhook.sh build         only build the peers: the first time minutes, and a network
#
# Why      A figure on a busy machine says little; a ratio between neighbours of the same minute does.
#          All run in a network of their own on loopback, under a real etcd and kube-apiserver.
# Errors   A peer whose answer holds no patch, or a failed request, ends it: no figure of an error page.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${FARGUARD_BUILD:-build/release}
out=$PWD/build/bench
kube=$PWD/build/cluster/kube
review=${FARGUARD_BENCH_REVIEW:-tests/bench/review.json}

build() {
	local go
	mkdir -p "$out"
	make --no-print-directory MODE=release B="$build" "$build/bin/farguard-webhook" >/dev/null
	${CC:-cc} -O2 -D_GNU_SOURCE tests/bench/rate.c -o "$out/rate" -lssl -lcrypto
	hack/cluster.sh build
	go=$(hack/deps.sh go)
	(
		export CGO_ENABLED=0 GOWORK=off
		cd tests/bench/injector && "$go" build -trimpath -ldflags '-s -w' -o "$out/injector" .
		cd ../pod-identity &&
			"$go" build -trimpath -ldflags '-s -w' -o "$out/pod-identity" github.com/aws/amazon-eks-pod-identity-webhook
	)
}

if [ "${1:-}" = build ]; then
	build
	exit
fi
if [ -z "${FARGUARD_BENCH_NET:-}" ]; then
	[ -n "${FARGUARD_BENCH_INSIDE:-}" ] || build # run.sh has
	FARGUARD_BENCH_NET=1 exec unshare --user --map-root-user --net "$0" "$@"
fi
seconds=${1:-4}
ip link set lo up

# shellcheck source=tests/bench/api-server.sh
. tests/bench/api-server.sh
work=$(mktemp -d)
pids=()
finish() {
	[ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null || true
	wait
	rm -rf "$work"
}
trap finish EXIT

servers=(farguard injector pod-identity) # the first one is compared with the others
declare -A port=([farguard]=8443 [injector]=8444 [pod-identity]=8445) pid figure

start() { # NAME COMMAND...: returns when it injects
	local name=$1 end=$((SECONDS + 30)) answer=
	shift
	"$@" >"$work/$name.log" 2>&1 &
	pid[$name]=$!
	pids+=($!)
	until answer=$(curl -skf -H 'Content-Type: application/json' --data-binary "@$review" "https://127.0.0.1:${port[$name]}/mutate") &&
		[[ $answer == *'"patch":'* ]]; do
		if [ $SECONDS -ge $end ] || ! kill -0 "${pid[$name]}" 2>/dev/null; then
			echo "bench: $name does not inject: $answer" >&2
			tail -n 5 "$work/$name.log" >&2
			return 1
		fi
		sleep 0.2
	done
}

start_all() {
	api_start "$work/api" "$kube"
	# In a directory of its own, which it watches, as in a pod.
	mkdir "$work/config"
	printf 'server: {listen: "127.0.0.1:%s", metrics: "127.0.0.1:9090"}\n' "${port[farguard]}" >"$work/config/farguard.yaml"
	start farguard "$build/bin/farguard-webhook" --config "$work/config/farguard.yaml" --namespace farguard --drain-seconds 0 \
		--api-server "$api_url" --ca-file "$work/api/api.crt" --token-file "$work/api/token"
	# The peers serve the same kind of certificate: ECDSA on P-256.
	cp "$work/api/api.crt" "$work/tls.crt"
	cp "$work/api/api.key" "$work/tls.key"
	start injector "$out/injector" "${port[injector]}" "$work"
	start pod-identity "$out/pod-identity" --in-cluster=false --kubeconfig "$work/api/kubeconfig" --port "${port[pod-identity]}" \
		--tls-cert "$work/tls.crt" --tls-key "$work/tls.key"
}

ticks() { # NAME: utime and stime so far, proc_pid_stat(5)
	local stat
	read -r stat <"/proc/${pid[$1]}/stat"
	# shellcheck disable=SC2086 # the fields of one line
	set -- ${stat##*) }
	echo $((${12} + ${13}))
}

kib() { # NAME FIELD: Rss or Pss now, VmHWM ever
	awk -v field="$2:" '$1 == field { print $2; exit }' "/proc/${pid[$1]}/smaps_rollup" "/proc/${pid[$1]}/status"
}

load() { # NAME CLIENTS keep|close: its figures go into figure[NAME,...]
	local name=$1 threads=$(($2 < 2 ? 1 : 2)) before rate p50 p99 count failed
	before=$(ticks "$name")
	read -r _ rate p50 p99 count failed < <(wrk -t "$threads" -c "$2" -d "${seconds}s" --timeout 20s -s tests/bench/load.lua \
		"https://127.0.0.1:${port[$name]}/mutate?timeout=3s" -- "$review" "$3" | grep '^result ')
	[ "$failed" = 0 ] || {
		echo "bench: $failed of $count requests to $name failed" >&2
		return 1
	}
	figure[$name,rate]=$rate figure[$name,p50]=$p50 figure[$name,p99]=$p99
	figure[$name,cpu]=$((($(ticks "$name") - before) * 1000000 / $(getconf CLK_TCK) / count))
	figure[$name,pss]=$(kib "$name" Pss)
}

row() { # TITLE FIELD UNIT: a line of all servers, and how many times the first the others are
	local name line
	printf -v line '  %-22s' "$1"
	for name in "${servers[@]}"; do
		printf -v line '%s %9s' "$line" "${figure[$name,$2]}"
	done
	awk -v line="$line" -v a="${figure[farguard,$2]}" -v b="${figure[injector,$2]}" -v c="${figure[pod-identity,$2]}" -v more="$3" '
		function times(x, y) { return (more == "more" ? (y ? x / y : 0) : (x ? y / x : 0)) }
		BEGIN { printf "%s   %5.1fx %5.1fx\n", line, times(a, b), times(a, c) }'
}

table() { # CLIENTS keep|close
	local name
	for name in "${servers[@]}"; do
		load "$name" "$1" "$2"
	done
	printf '\n %s, %s\n' "$1 client$([ "$1" = 1 ] || echo s)" "$([ "$2" = keep ] && echo 'kept connections' || echo 'a connection each')"
	row 'requests/s' rate more
	row 'p50 [us]' p50 less
	row 'p99 [us]' p99 less
	row 'CPU a request [us]' cpu less
	row 'Pss after [KiB]' pss less
}

fixed_rate() { # RATE
	local name figures
	for name in "${servers[@]}"; do
		# It says and fails when an answer was no 200.
		figures=$("$out/rate" "${port[$name]}" "$review" "$1" "$seconds" 16)
		read -r "figure[$name,p50]" "figure[$name,p99]" "figure[$name,max]" _ "figure[$name,late]" <<<"$figures"
	done
	printf '\n %s a second, sent on time whatever the answers take (goal: p99 < 1000 us)\n' "$1"
	row 'p50 [us]' p50 less
	row 'p99 [us]' p99 less
	row 'longest [us]' max less
	row 'sent late, p99 [us]' late less
}

start_all
printf 'AdmissionReviews of %s bytes over TLS: the last columns say how many times better Farguard is\n' "$(wc -c <"$review")"
printf '  %-22s %9s %9s %9s\n' '' "${servers[@]/pod-identity/eks-pod-id}"
for name in "${servers[@]}"; do
	figure[$name,pss]=$(kib "$name" Pss)
done
row 'Pss at first [KiB]' pss less
for mode in keep close; do
	for clients in ${FARGUARD_BENCH_CLIENTS:-1 2 50 200}; do
		table "$clients" "$mode"
	done
done
fixed_rate 1000
for name in "${servers[@]}"; do
	figure[$name,rss]=$(kib "$name" Rss) figure[$name,hwm]=$(kib "$name" VmHWM)
done
printf '\n After all this\n'
row 'Rss [KiB]' rss less
row 'most memory ever [KiB]' hwm less
