# jobs.sh - Jobs and CronJobs: guarded by a native sidecar, by a plain agent, and bare, side by side.
# shellcheck shell=bash disable=SC2154 # read by tests/e2e/run.sh

part_jobs() {
	local name
	for name in bare sidecar plain; do
		kubectl create namespace "e2e-jobs-$name" >/dev/null
	done
	kubectl annotate namespace e2e-jobs-sidecar farguard.io/inject=enabled >/dev/null
	within 20 "the webhook to know the namespace" target_guards e2e-jobs-sidecar
	cat >"$work/plain.yaml" <<-'END'
		image: {reference: "farguard.test/farguard-payload:dev", pullPolicy: Never}
		agent: {placement: container}
	END
	tap_of "$here/jobs.py" "$api_port" "$top/build/release/bin/farguardctl" "$work/plain.yaml"
	kubectl delete namespace e2e-jobs-bare e2e-jobs-sidecar e2e-jobs-plain --wait --timeout 120s >/dev/null
}
