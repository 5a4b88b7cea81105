# api.sh - the API over plain HTTP on loopback.
# shellcheck shell=bash disable=SC2154 # read by tests/e2e/run.sh and soak.sh
#
# Owns     `proxy`, from open_api to close_api; api_port is its port.

proxy=

# One request costs a few milliseconds, kubectl a quarter of a second.
api() { # PATH
	curl -sf -m 20 "http://127.0.0.1:$api_port$1"
}

open_api() {
	# The program itself, not a shell around it: it is ended by its pid.
	"$target_kube" kubectl proxy --port=0 >"$work/proxy" 2>&1 &
	proxy=$!
	within 10 "kubectl proxy" grep -q 'Starting to serve' "$work/proxy" || return 1
	api_port=$(sed -n 's/^Starting to serve on .*:\([0-9]*\)$/\1/p' "$work/proxy")
}

close_api() {
	[ -z "$proxy" ] || kill "$proxy" 2>/dev/null
	proxy=
}
