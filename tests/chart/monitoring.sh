# monitoring.sh - monitors, alert rules and dashboard; the rules by Prometheus' own promtool.
# shellcheck shell=bash disable=SC2154 # read by tests/chart/run.sh

with_promtool() { # name command...
	if command -v promtool >/dev/null; then
		succeeds "$@"
	else
		skip "$1" "no promtool (Debian package prometheus)"
	fi
}

monitoring() {
	local all=$work/monitoring.yaml rule='PrometheusRule/farguard-webhook'
	render "$all" --set monitoring.rules.enabled=true,monitoring.dashboard.enabled=true,monitoring.podMonitor.enabled=true || {
		not_ok "monitoring renders" "$(cat "$all.err")"
		return
	}
	"$here/monitoring.py" rules "$all" "$work/full.yaml"
	"$here/monitoring.py" tested "$all" "$work/rules.yaml"
	cp "$here/alerts_test.yaml" "$work/"
	with_promtool "promtool check rules" promtool check rules "$work/full.yaml"
	with_promtool "promtool test rules" promtool test rules "$work/alerts_test.yaml"
	tap_of "$here/monitoring.py" alerts "$all" "$here/alerts_test.yaml"
	tap_of "$here/monitoring.py" dashboard "$all"

	has "no monitor, rule or dashboard unless asked" "$rule" null
	has "an alert can be left out" "$rule|spec|groups|0|rules|0|alert" '"FarguardReplicasDown"' \
		--set 'monitoring.rules.enabled=true,monitoring.rules.disabled={FarguardAbsent}'
	has "an alert's label is added" "$rule|spec|groups|0|rules|0|labels" '{"severity": "critical", "team": "sec"}' \
		--set monitoring.rules.enabled=true,monitoring.rules.alertLabels.team=sec
	has "the replicas that are missed are those that are asked for" "$rule|spec|groups|0|rules|1|expr" \
		'"count(farguard_build_info) < 5"' --set monitoring.rules.enabled=true,replicas=5
	has "a rule's label is what Prometheus selects by" "$rule|metadata|labels|release" '"kps"' \
		--set monitoring.rules.enabled=true,monitoring.rules.labels.release=kps
	has "a ServiceMonitor scrapes the metrics of the Service" 'ServiceMonitor/farguard-webhook|spec|endpoints' \
		'[{"honorLabels": true, "interval": "1m", "path": "/metrics", "port": "metrics"}]' \
		--set monitoring.serviceMonitor.enabled=true,monitoring.serviceMonitor.interval=1m
	has "a PodMonitor scrapes the metrics of the pods" 'PodMonitor/farguard-webhook|spec|podMetricsEndpoints' \
		'[{"honorLabels": true, "interval": "30s", "path": "/metrics", "port": "metrics"}]' \
		--set monitoring.podMonitor.enabled=true
}
