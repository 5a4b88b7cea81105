# attack.sh - a container that attacks the agent, beside one that does not, and the same pod bare.
# shellcheck shell=bash disable=SC2154 # read by tests/e2e/run.sh

# The version and the length of a hello, as hello.h has them.
hello_shape() {
	local header=$top/injector/event/hello.h
	sed -n 's/^#define HELLO_VERSION *\([0-9]*\).*/\1/p' "$header"
	printf '#include "%s"\n#include <stdio.h>\nint main(void) { return !printf("%%zu\\n", sizeof(struct hello)); }\n' "$header" |
		cc -x c -o "$work/hello-size" - && "$work/hello-size"
}

# Of the whole container, the kernel's share included; where its control group is on this machine.
agent_bytes() { # POD
	local id file
	id=$(kubectl -n e2e-guarded get pod "$1" -o jsonpath='{.status.containerStatuses[?(@.name=="farguard-agent")].containerID}')
	file=$(find /sys/fs/cgroup \( -path "*${id##*/}*/memory.current" -o -path "*${id##*/}*/memory.usage_in_bytes" \) 2>/dev/null | head -n 1)
	[ -n "$file" ] && cat "$file"
}

attacked_ready() {
	local namespace
	for namespace in e2e-bare e2e-guarded; do
		kubectl -n $namespace wait pod/attacked --for=condition=Ready --timeout=60s || return 1
	done
}

uname_lines() {
	[ "$(agent_log attacked | grep -c '"contested":true.*"/bin/uname"')" -ge 5 ]
}

job_over() { # NAMESPACE
	kubectl -n "$1" wait job/attacked-job --for=condition=Complete --timeout=90s
}

part_attack() {
	local shape namespace bytes bare guarded
	mapfile -t shape < <(hello_shape)
	for namespace in e2e-bare e2e-guarded; do
		"$here/attack.py" workloads $namespace "${shape[@]}" | kubectl create -f - >/dev/null
	done
	check "attack: guarded and bare pod become ready" attacked_ready
	within 30 "the honest container's programs in the log" uname_lines
	agent_log attacked >"$work/attacked.log"
	tap_of "$here/attack.py" judge <"$work/attacked.log"
	bytes=$(agent_bytes attacked)
	if [ -z "$bytes" ]; then
		skip "attack: the agent stays below 16 MiB" "its control group is not on this machine"
	elif [ "$bytes" -lt $((16 << 20)) ]; then
		ok "attack: the agent stays below 16 MiB ($((bytes >> 10)) KiB)"
	else
		not_ok "attack: the agent stays below 16 MiB" "$bytes bytes"
	fi
	same "attack: nothing is restarted" "0 0 0" "$(kubectl -n e2e-guarded get pod attacked \
		-o jsonpath='{.status.containerStatuses[*].restartCount}')"
	same "attack: the pod is ready as it was" True "$(kubectl -n e2e-guarded get pod attacked \
		-o jsonpath='{.status.conditions[?(@.type=="Ready")].status}')"
	check "attack: the bare Job completes" job_over e2e-bare
	check "attack: the guarded Job completes" job_over e2e-guarded
	bare=$(gone_after e2e-bare attacked)
	guarded=$(gone_after e2e-guarded attacked)
	# The agent has a second, and the kubelet looks once a second.
	if [ $((guarded - bare)) -le 2000 ]; then
		ok "attack: the pod goes in $guarded ms guarded, $bare ms bare"
	else
		not_ok "attack: the pod goes at most two seconds later" "guarded $guarded ms, bare $bare ms"
	fi
	kubectl -n e2e-bare delete job attacked-job --wait >/dev/null
	kubectl -n e2e-guarded delete job attacked-job --wait >/dev/null
}
