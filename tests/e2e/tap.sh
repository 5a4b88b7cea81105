# tap.sh - results as TAP, and what is needed to understand a failure.
# shellcheck shell=bash

tap_number=0
tap_failed=0

say() {
	echo "# $* ($((SECONDS)) s)"
}

ok() {
	tap_number=$((tap_number + 1))
	echo "ok $tap_number - $*"
}

not_ok() { # name, then lines that explain
	tap_number=$((tap_number + 1))
	tap_failed=$((tap_failed + 1))
	echo "not ok $tap_number - $1"
	shift
	[ $# -eq 0 ] || printf '%s\n' "$@" | sed 's/^/#   /'
}

skip() { # name reason
	tap_number=$((tap_number + 1))
	echo "ok $tap_number - $1 # SKIP $2"
}

check() { # name command...
	local name=$1
	shift
	if "$@"; then
		ok "$name"
	else
		not_ok "$name"
	fi
}

same() { # name expected actual
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1" "expected <$2>" "     got <$3>"
	fi
}

# Numbers the "ok - ..." and "not ok - ..." lines of a program.
tap_of() { # command...
	local line
	while IFS= read -r line; do
		case $line in
		"ok - "*) ok "${line#ok - }" ;;
		"not ok - "*) not_ok "${line#not ok - }" ;;
		*) echo "$line" ;;
		esac
	done < <("$@" 2>&1 || [ $? -le 1 ] || echo "not ok - $1 ended with an error")
}

# Waits for a command to succeed; says what for when it takes long.
within() { # seconds what command...
	local limit=$1 what=$2 start=$SECONDS told=$SECONDS
	shift 2
	until "$@" >/dev/null 2>&1; do
		if [ $((SECONDS - start)) -ge "$limit" ]; then
			echo "# $what: not within $limit s"
			return 1
		fi
		if [ $((SECONDS - told)) -ge 10 ]; then
			say "still waiting for $what"
			told=$SECONDS
		fi
		sleep 0.3
	done
}

tap_end() {
	echo "1..$tap_number"
	[ $tap_failed -eq 0 ] || echo "# $tap_failed of $tap_number failed"
	[ $tap_failed -eq 0 ]
}

# Everything about a namespace that a person would ask for first.
dump() { # NAMESPACE
	{
		echo "-- $1: pods, events, logs"
		kubectl -n "$1" get pods -o wide
		kubectl -n "$1" get events --sort-by=.lastTimestamp | tail -n 20
		kubectl -n "$1" get pods --no-headers | awk '$3 !~ /Running|Completed/ { print $1 }' | head -n 3 | while read -r pod; do
			kubectl -n "$1" describe pod "$pod" | tail -n 40
			kubectl -n "$1" logs "$pod" --all-containers --tail 20
		done
	} 2>&1 | sed 's/^/#   /'
}
