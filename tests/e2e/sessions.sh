# sessions.sh - `kubectl exec` into guarded pods, and the time that pods take to go.
# shellcheck shell=bash disable=SC2154 # read by tests/e2e/run.sh

# A session's output, then its errors (the two streams come in no order of their own), then its status.
session() { # NAMESPACE POD command...
	local namespace=$1 pod=$2 status
	shift 2
	kubectl -n "$namespace" exec -i "$pod" -c main -- "$@" 2>"$work/session.err" <<<"from standard input"
	status=$?
	cat "$work/session.err"
	echo "status $status"
}

# Runs the same session in both namespaces; same output, same exit status.
both() { # name pod command...
	local name=$1 pod=$2 bare guarded
	shift 2
	bare=$(session e2e-bare "$pod" "$@")
	guarded=$(session e2e-guarded "$pod" "$@")
	# The runtime's messages name the session.
	same "exec: $name" "$(sed -E 's/"[0-9a-f]{64}"/ID/g' <<<"$bare")" "$(sed -E 's/"[0-9a-f]{64}"/ID/g' <<<"$guarded")"
}

named_in_session() { # POD ARGS-AS-JSON
	agent_log "$1" | python3 -c '
import json, sys
want = json.loads(sys.argv[1])
records = [json.loads(line) for line in sys.stdin]
sys.exit(0 if any(r["kind"] == "event" and r.get("type") == "execve" and r["proc"]["args"] == want
                  and r["proc"].get("origin") == "exec" for r in records) else 1)' "$2"
}

sees() { # POD ARGS-AS-JSON
	if within 10 "$1's agent to name $2" named_in_session "$1" "$2"; then
		ok "exec: the agent of $1 names $2 with origin exec"
	else
		not_ok "exec: the agent of $1 names $2 with origin exec" "$(agent_log "$1" | tail -n 5 | cut -c 1-400)"
	fi
}

part_exec() {
	local pod
	for pod in glibc-always python-always nginx-always; do
		both "status and both outputs of a shell in $pod" $pod sh -c 'echo out; echo err >&2; exit 7'
		both "a program's own output in $pod" $pod /bin/uname -s
		both "standard input in $pod" $pod cat
		both "a program that is not there in $pod" $pod /no/such/program
		# shellcheck disable=SC2016 # the shell in the pod expands it
		both "arguments to the byte in $pod" $pod sh -c 'for a; do echo "<$a>"; done' sh '' 'a b' '*' $'tab\there' 'ü€'
		both "death by a signal in $pod" $pod sh -c 'kill -KILL $$'
		both "the environment in $pod" $pod sh -c 'env | grep -vE "^(HOSTNAME|FARGUARD_CONTAINER|LD_PRELOAD|SHLVL|_)=" | sort'
		both "limits and signal dispositions in $pod" $pod sh -c 'ulimit -a; grep -E "^(Sig(Ign|Blk|Cgt)|CapEff|Umask)" /proc/self/status; umask'
		sees $pod '["/bin/uname", "-s"]'
		sees $pod '["cat"]'
	done
	both "a static program's status in static-always" static-always /bin/tool 7 word
	both "a musl program's status in musl-always" musl-always tool 7 word
	# shellcheck disable=SC2016 # the shell in the pod expands it
	both "a shell in busybox-always" busybox-always sh -c 'echo $((6 * 7)); exit 9'
	terminal
	long_session
}

terminal() {
	local namespace bare='' guarded='' said
	command -v script >/dev/null || {
		skip "exec: a terminal" "no script(1) here"
		return
	}
	# Held open: what script(1) makes of the end of its input would be echoed, sometimes.
	mkfifo "$work/typed"
	exec 7<>"$work/typed"
	for namespace in bare guarded; do
		said=$(script -qec "$target_kube kubectl -n e2e-$namespace exec -it glibc-always -c main -- \
			sh -c 'test -t 0 && tty && ps -o pid 2>/dev/null; exit 5'" /dev/null <&7 2>&1)
		said+=" status $?"
		printf -v $namespace %s "$said"
	done
	exec 7>&-
	same "exec: a terminal and its status" "$bare" "$guarded"
}

# A session that is cut off by its user ends in the pod as well.
long_session() {
	timeout 2 "$target_kube" kubectl -n e2e-guarded exec glibc-always -c main -- sh -c 'exec sleep 4' >/dev/null 2>&1
	check "exec: nothing of a cut-off session stays" within 10 "the cut-off session's program to end" no_sleep
}

no_sleep() {
	local found
	found=$(kubectl -n e2e-guarded exec glibc-always -c main -- sh -c 'cat /proc/[0-9]*/cmdline 2>/dev/null | tr "\0" " "')
	[[ $found != *"sleep 4 "* ]]
}

milliseconds() {
	echo $(($(date +%s%N) / 1000000))
}

gone_after() { # NAMESPACE POD: milliseconds
	local start
	start=$(milliseconds)
	kubectl -n "$1" delete pod "$2" --wait >/dev/null
	echo $(($(milliseconds) - start))
}

part_delete() {
	local pod bare guarded
	for pod in glibc-always python-always nginx-always static-always; do
		bare=$(gone_after e2e-bare $pod)
		guarded=$(gone_after e2e-guarded $pod)
		# The agent has a second, and the kubelet looks once a second.
		if [ $((guarded - bare)) -le 2000 ]; then
			ok "delete: $pod goes in $guarded ms guarded, $bare ms bare"
		else
			not_ok "delete: $pod goes at most two seconds later" "guarded $guarded ms, bare $bare ms"
		fi
	done
}
