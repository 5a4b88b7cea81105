#!/bin/bash
# test.sh - everything that `make test` checks, one part after the other, and one line of totals.
#
#   test.sh [PART...]     parts: programs lint gcc asan tsan clang fuzz chart e2e certificates; all of them by default
#
# A part that fails does not stop the others.  What was skipped is said with its reason.  Of the run's time a good part is
# waiting, for servers, timeouts and pods: tests of one part run side by side, and what later parts need is built
# beside the earlier ones, nicely.
set -u
cd "$(dirname "$0")/.." || exit 1
FARGUARD_TOTALS=$(mktemp) || exit 1
FARGUARD_FAILURES=$(mktemp) || exit 1
export FARGUARD_TOTALS FARGUARD_FAILURES
beside=$(mktemp -d) || exit 1
started=$(date +%s)
times=()
MAKEFLAGS=-j$(nproc)
export MAKEFLAGS

say() {
	printf '\n== %s (%d s since the start)\n' "$*" $(($(date +%s) - started))
}

finish() {
	[ -z "${builder:-}" ] || kill -- "-$builder" 2>/dev/null
	rm -rf "$FARGUARD_TOTALS" "$FARGUARD_FAILURES" "$beside"
}
trap finish EXIT

# make for the programs of a part, built as that part wants them.
make_for() { # PART ARGUMENT...
	local how
	case $1 in
	gcc) how=(MODE=release CC=gcc) ;;
	asan | tsan) how=(MODE="$1" CC=gcc) ;;
	clang) how=(MODE=debug CC=clang B=build/clang) ;;
	esac
	make --no-print-directory "${how[@]}" "${@:2}"
}

# What a part needs that is slow to build; the part builds it again, and says what went wrong.
ingredients() { # PART
	case $1 in
	gcc | asan | tsan | clang) make_for "$1" check-programs ;;
	fuzz) make fuzz-programs ;;
	e2e) hack/images.sh samples zoo ;;
	certificates) tests/e2e/certificates.sh build ;;
	esac
}

# One after the other, in a process group of its own, so that an end of this script ends it too.
build_beside() { # PART...
	set -m
	(
		renice 19 "$BASHPID" >/dev/null
		for name; do
			ingredients "$name" >"$beside/$name" 2>&1
			touch "$beside/$name.done"
		done
	) &
	builder=$!
	set +m
}

# Wait for what build_beside() makes for a part: two builders in one place would be one too many.
built_beside() { # PART
	while [ -n "${builder:-}" ] && [ ! -e "$beside/$1.done" ] && kill -0 "$builder" 2>/dev/null; do
		sleep 0.2
	done
}

# A step that prints no totals of its own counts as one test.
step() { # name command...
	local name=$1
	shift
	if "$@"; then
		echo "1 0 0" >>"$FARGUARD_TOTALS"
	else
		echo "FAIL $name" | tee -a "$FARGUARD_FAILURES"
		echo "0 1 0" >>"$FARGUARD_TOTALS"
		return 1
	fi
}

# Hundredths of a second that all processors together have been idle for (proc(5)).
idle() {
	awk '/^cpu / { print $5 + $6 }' /proc/stat
}

failed() {
	awk '{ n += $2 } END { print n + 0 }' "$FARGUARD_TOTALS"
}

# Build, which is a step, then run the checks, which count themselves, unless one of them does not compile.
checks() { # PART
	local before
	built_beside "$1"
	step "build $1" make_for "$1" all || return
	before=$(failed)
	make_for "$1" check || [ "$(failed)" -gt "$before" ] || step "tests of $1" false
}

part() {
	case $1 in
	programs)
		say "Kubernetes' own programs, for the tests that need an API server (minutes when cold)"
		step "cluster's programs" hack/cluster.sh build
		;;
	lint)
		say "lint: layers, headers, limits, names, formatting, shellcheck, -fanalyzer"
		for rule in layers headers tidy names shell analyze; do
			step "lint $rule" make --no-print-directory "$rule"
		done
		;;
	gcc)
		say "gcc, release: unit tests, corpora, cases"
		checks gcc
		;;
	asan)
		say "gcc, address and undefined-behaviour sanitizers"
		checks asan
		;;
	tsan)
		# What runs in the pod has one thread by design, and so has farguardctl.
		say "gcc, thread sanitizer: the webhook and all that it is made of, which alone has threads, and the ring"
		FARGUARD_TESTS="certificate check_webhook prometheus registry watches webhook webhook_load webhook_ops" \
			checks tsan
		;;
	clang)
		say "clang, debug; of the tests that run programs those of what runs in the pod, and the webhook's: gcc's have run all"
		FARGUARD_TESTS="launch agent webhook" checks clang
		;;
	fuzz)
		say "fuzz: each parser for a short while"
		built_beside fuzz
		step fuzz make --no-print-directory fuzz FUZZ_SECONDS="${FUZZ_SECONDS:-5}"
		;;
	chart)
		say "chart: lint, render, schema, a real API server"
		built_beside e2e
		step "images" hack/images.sh payload webhook
		local was_up=
		! hack/cluster.sh status >/dev/null 2>&1 || was_up=1
		step "cluster up" hack/cluster.sh up
		hack/run-tests.sh tests/chart/run.sh
		[ -n "$was_up" ] || hack/cluster.sh down
		;;
	e2e)
		say "end to end on a real Kubernetes"
		built_beside e2e
		step "sample images" hack/images.sh samples zoo
		hack/run-tests.sh --stream tests/e2e/run.sh
		;;
	certificates)
		say "certificates of the real cert-manager (builds it first: minutes when cold)"
		built_beside certificates
		hack/run-tests.sh --stream tests/e2e/certificates.sh
		;;
	*)
		echo "test.sh: unknown part $1; parts are: programs lint gcc asan tsan clang fuzz chart e2e certificates" >&2
		exit 2
		;;
	esac
}

[ $# -gt 0 ] || set -- programs lint gcc asan tsan clang fuzz chart e2e certificates
# What the others need is built as they come.
later=()
for name; do
	case $name in
	programs | lint | chart) ;;
	*) later+=("$name") ;;
	esac
done
[ ${#later[@]} -eq 0 ] || build_beside "${later[@]}"
for name; do
	before=$(date +%s) was_idle=$(idle)
	part "$name"
	took=$(($(date +%s) - before))
	times+=("$name" "$took" $((100 - ($(idle) - was_idle) / (took > 0 ? took : 1) / $(nproc))))
done

printf '\nseconds a part took, and its share of the processors in percent\n'
printf '  %-12s %6d %6d\n' "${times[@]}"

if [ -s "$FARGUARD_FAILURES" ]; then
	printf '\nwhat failed\n'
	cat "$FARGUARD_FAILURES"
fi

awk -v seconds=$(($(date +%s) - started)) '
	{ pass += $1; fail += $2; skip += $3 }
	END {
		if (skip) printf "\n%d skipped, each with its reason above", skip
		printf "\ntook %d min %d s\n%d passed, %d failed\n", seconds / 60, seconds % 60, pass, fail
		exit fail > 0 || pass == 0
	}' "$FARGUARD_TOTALS"
