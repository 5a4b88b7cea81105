#!/bin/bash
# run-tests.sh [--mode MODE] PROGRAM... - run TAP programs, show only what failed, then one line of totals.
# A program that says "ok N ... # SKIP reason" is counted as skipped and its reason is shown.
# FARGUARD_TOTALS names a file to which the totals are appended, for a run of many parts.
if [ "${1:-}" = --mode ]; then
	export FARGUARD_MODE=$2
	shift 2
fi
pass=0 fail=0 skip=0
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
for t; do
	timeout 600 "$t" >"$log" 2>&1
	rc=$?
	skipped=$(grep -cE '^(not )?ok .*# SKIP' "$log")
	ok=$(grep -E '^ok' "$log" | grep -vc '# SKIP')
	bad=$(grep -E '^not ok' "$log" | grep -vc '# SKIP')
	pass=$((pass + ok)) fail=$((fail + bad)) skip=$((skip + skipped))
	grep -E '^(not )?ok .*# SKIP' "$log" | sed "s|^|  skipped in $t: |"
	if [ $rc -ne 0 ] || [ "$bad" -ne 0 ]; then
		[ "$bad" -ne 0 ] || fail=$((fail + 1))
		echo "FAIL $t (exit $rc)"
		grep -vE '^ok' "$log" | tail -n 60 | sed 's/^/  /'
	fi
done
echo "$pass passed, $fail failed, $skip skipped"
[ -z "${FARGUARD_TOTALS:-}" ] || echo "$pass $fail $skip" >>"$FARGUARD_TOTALS"
[ $fail -eq 0 ]
