#!/bin/bash
# run-tests.sh [--mode MODE] [--stream | --side-by-side] PROGRAM... - run TAP programs, show what failed, one line of totals.
#
# "ok N ... # SKIP reason" is counted as skipped and its reason shown; --stream shows all output as
# it comes, for long runs.  --side-by-side runs as many at a time as there are processors, each in a
# network of its own, as it needs for ports and abstract sockets; one at a time where none can be made.
# A program that prints no result or exits with an error though it printed
# no failure counts as one failure.  FARGUARD_TOTALS names a file to which "passed failed skipped"
# is appended, for a run of many parts, and FARGUARD_FAILURES one for what failed, with its details.
stream='' lanes=1 own=()
# shellcheck disable=SC2016 # the inner shell expands it
network=(unshare --net -- sh -c 'ip link set lo up && exec "$0" "$@"')
while :; do
	case ${1:-} in
	--mode)
		export FARGUARD_MODE=$2
		shift 2
		;;
	--stream)
		stream=1
		shift
		;;
	--side-by-side)
		! "${network[@]}" true 2>/dev/null || lanes=$(nproc) own=("${network[@]}")
		shift
		;;
	*) break ;;
	esac
done
pass=0 fail=0 skip=0
logs=$(mktemp -d) || exit 1
trap 'rm -rf "$logs"' EXIT

run() { # PROGRAM LOG: its output to LOG, its status to LOG.rc
	if [ -n "$stream" ]; then
		timeout 1800 "$1" 2>&1 | tee "$2"
		echo "${PIPESTATUS[0]}" >"$2.rc"
	else
		FARGUARD_PROGRESS=3 "${own[@]}" timeout 2700 "$1" 3>&1 >"$2" 2>&1
		echo $? >"$2.rc"
	fi
}

# What failed and the details behind it; the end of the output of a program that does not say what.
explain() { # PROGRAM LOG STATUS FAILURES
	echo "FAIL $1 (exit $3)"
	if [ "$4" -eq 0 ]; then
		grep -vE '^ok' "$2" | tail -n 40
	else
		awk '/^not ok/ && !/# SKIP/ { left = 20 } /^ok/ { left = 0 } left-- > 0' "$2" | head -n 200
	fi | sed 's/^/  /'
}

count() { # PROGRAM LOG
	local t=$1 log=$2 rc skipped ok bad
	rc=$(cat "$log.rc")
	skipped=$(grep -cE '^(not )?ok .*# SKIP' "$log")
	ok=$(grep -E '^ok' "$log" | grep -vc '# SKIP')
	bad=$(grep -E '^not ok' "$log" | grep -vc '# SKIP')
	pass=$((pass + ok)) fail=$((fail + bad)) skip=$((skip + skipped))
	[ -n "$stream" ] || grep -E '^(not )?ok .*# SKIP' "$log" | sed "s|^|  skipped in $t: |"
	if [ "${rc:-1}" -ne 0 ] || [ "$bad" -ne 0 ] || [ $((ok + bad + skipped)) -eq 0 ]; then
		[ "$bad" -ne 0 ] || fail=$((fail + 1))
		explain "$t" "$log" "$rc" "$bad" | tee -a "${FARGUARD_FAILURES:-/dev/null}"
	fi
}

if [ "$lanes" -gt 1 ]; then
	n=0
	for t; do
		[ "$(jobs -rp | wc -l)" -lt "$lanes" ] || wait -n
		run "$t" "$logs/$n" &
		n=$((n + 1))
	done
	wait
fi
n=0
for t; do
	[ "$lanes" -gt 1 ] || run "$t" "$logs/$n"
	count "$t" "$logs/$n"
	n=$((n + 1))
done
echo "$pass passed, $fail failed, $skip skipped"
[ -z "${FARGUARD_TOTALS:-}" ] || echo "$pass $fail $skip" >>"$FARGUARD_TOTALS"
[ $fail -eq 0 ]
