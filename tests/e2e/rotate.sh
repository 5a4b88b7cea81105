# rotate.sh - pods keep coming while the webhook is restarted and its authority changes.
# shellcheck shell=bash disable=SC2154 # read by tests/e2e/run.sh

rotate_bundle() {
	kubectl get mutatingwebhookconfiguration farguard -o jsonpath='{.webhooks[0].clientConfig.caBundle}' | base64 -d
}

rotate_is_trusted() {
	rotate_bundle | grep -q 'BEGIN CERTIFICATE'
}

rotate_leaf() {
	kubectl -n farguard get secret farguard-tls -o jsonpath='{.data.tls\.crt}'
}

rotate_leaf_differs() { # OLD
	local now
	now=$(rotate_leaf)
	[ -n "$now" ] && [ "$now" != "$1" ]
}

rotate_restart() {
	kubectl -n farguard rollout restart deploy farguard-webhook >/dev/null &&
		kubectl -n farguard rollout status deploy farguard-webhook --timeout 90s >/dev/null
}

rotate_is_new() { # OLD-BUNDLE: another authority stands in front, the old one behind it
	local now
	now=$(rotate_bundle)
	[ "$now" != "$1" ] && [[ $now == *"$1" ]]
}

# One of the Secret's texts is lost: what is missing is due.
forget() { # KEY
	kubectl -n farguard patch secret farguard-tls --type json -p "[{\"op\": \"remove\", \"path\": \"/data/$1\"}]" >/dev/null
}

# The load that runs beside what follows, until load_end.
load_begin() { # NAMESPACE RATE SECONDS
	mkfifo "$work/load.end"
	"$here/load.py" "$api_port" "$1" "$3" "$2" <"$work/load.end" >"$work/load" 2>&1 &
	load=$!
	exec 8>"$work/load.end"
}

load_end() { # name
	local said
	exec 8>&-
	wait "$load"
	rm "$work/load.end"
	said=$(tail -n 1 "$work/load")
	say "$1: $said"
	same "$1: none refused, none unguarded" "refused 0 unguarded 0" "$(cut -d ' ' -f 1-4 <<<"$said")"
}

part_rotate() {
	local before leaf
	load_begin e2e-guarded 500 120
	sleep 2
	check "rotate: the webhook is restarted, one pod after the other" rotate_restart
	load_end "rotate: a rolling restart"
	before=$(rotate_bundle)
	load_begin e2e-guarded 500 120
	sleep 1
	# An authority that cannot sign any more is due: the next stands beside it, and signs.
	forget ca.key
	check "rotate: another authority is made, the old one stays trusted beside it" \
		within 60 "another authority" rotate_is_new "$before"
	leaf=$(rotate_leaf)
	# Every replica looks once in 30 s.
	sleep 35
	load_end "rotate: another authority"
	forget tls.crt
	check "rotate: a certificate that is gone is made anew" within 60 "a certificate" \
		rotate_leaf_differs "$leaf"
	# What somebody resets is repaired.
	kubectl patch mutatingwebhookconfiguration farguard --type json \
		-p '[{"op": "remove", "path": "/webhooks/0/clientConfig/caBundle"}]' >/dev/null
	check "rotate: a caBundle that is taken away comes back" within 60 "the caBundle" rotate_is_trusted
	within 20 "the API server to reach the webhook" target_guards e2e-guarded
}
