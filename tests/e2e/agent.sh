# agent.sh - what happens to agents, and what must not happen to their pods.
# shellcheck shell=bash disable=SC2154 # read by tests/e2e/run.sh

part_agent() {
	target_local || {
		skip "agent: killed, stopped, starved" "only where its processes can be reached"
		return
	}
	kubectl create namespace e2e-agent >/dev/null
	kubectl create namespace e2e-agent-bare >/dev/null
	kubectl annotate namespace e2e-agent farguard.io/inject=enabled >/dev/null
	within 20 "the webhook to know the namespace" target_guards e2e-agent
	tap_of "$here/agent.py" "$api_port" e2e-agent e2e-agent-bare
	kubectl delete namespace e2e-agent e2e-agent-bare --wait --timeout 120s >/dev/null
}
