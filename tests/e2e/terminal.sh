# terminal.sh - kubectl run, exec, attach and debug at a terminal, guarded and bare.
# shellcheck shell=bash disable=SC2154 # read by tests/e2e/run.sh

part_terminal() {
	tap_of "$here/terminal.py" "$target_kube" e2e-open-bare e2e-open-guarded
	check "terminal: no container of a guarded scene is left uncovered" terminal_covered
	kubectl -n e2e-open-bare delete pods --all --now >/dev/null 2>&1
	kubectl -n e2e-open-guarded delete pods --all --now >/dev/null 2>&1
}

# The pods that stay after their scene; those of `run --rm` are gone.
terminal_covered() {
	local pod
	for pod in target attached once patient; do
		kubectl -n e2e-open-guarded logs $pod -c farguard-agent |
			grep -E '"kind":"coverage".*"container":"main".*"covered":true|"container":"main".*"kind":"coverage".*"covered":true' >/dev/null || return 1
	done
}
