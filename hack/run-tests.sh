#!/bin/bash
# run-tests.sh [--mode MODE] [--stream] PROGRAM... - run TAP programs, show what failed, one line of totals.
#
# "ok N ... # SKIP reason" is counted as skipped and its reason shown; --stream shows all output as
# it comes, for long runs.  A program that prints no result or exits with an error though it printed
# no failure counts as one failure.  FARGUARD_TOTALS names a file to which "passed failed skipped"
# is appended, for a run of many parts.
stream=
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
	*) break ;;
	esac
done
pass=0 fail=0 skip=0
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
for t; do
	if [ -n "$stream" ]; then
		timeout 1800 "$t" 2>&1 | tee "$log"
		rc=${PIPESTATUS[0]}
	else
		FARGUARD_PROGRESS=3 timeout 2700 "$t" 3>&1 >"$log" 2>&1
		rc=$?
	fi
	skipped=$(grep -cE '^(not )?ok .*# SKIP' "$log")
	ok=$(grep -E '^ok' "$log" | grep -vc '# SKIP')
	bad=$(grep -E '^not ok' "$log" | grep -vc '# SKIP')
	pass=$((pass + ok)) fail=$((fail + bad)) skip=$((skip + skipped))
	[ -n "$stream" ] || grep -E '^(not )?ok .*# SKIP' "$log" | sed "s|^|  skipped in $t: |"
	if [ "$rc" -ne 0 ] || [ "$bad" -ne 0 ] || [ $((ok + bad + skipped)) -eq 0 ]; then
		[ "$bad" -ne 0 ] || fail=$((fail + 1))
		echo "FAIL $t (exit $rc)"
		[ -n "$stream" ] || grep -vE '^ok' "$log" | tail -n 60 | sed 's/^/  /'
	fi
done
echo "$pass passed, $fail failed, $skip skipped"
[ -z "${FARGUARD_TOTALS:-}" ] || echo "$pass $fail $skip" >>"$FARGUARD_TOTALS"
[ $fail -eq 0 ]
