{{- /*
The alerts.  Backquotes keep Prometheus's own braces from helm; each annotation `runbook` says what to do
first.  Their names stand in values.schema.json (monitoring.rules.disabled) too.
*/ -}}
{{- define "farguard.alerts" -}}
- alert: FarguardAbsent
  expr: absent(farguard_build_info)
  for: 5m
  labels: {severity: critical}
  annotations:
    summary: No replica of farguard-webhook is scraped.
    description: New pods {{ eq .Values.webhook.failurePolicy "Ignore" | ternary "start unguarded" "are refused" }} while no replica answers.
    runbook: >-
      kubectl -n {{ .Release.Namespace }} get pods,endpoints says whether it runs; if it does, its monitor does not
      select it or a network policy keeps Prometheus from the metrics port.
- alert: FarguardReplicasDown
  expr: count(farguard_build_info) < {{ .Values.replicas }}
  for: 15m
  labels: {severity: warning}
  annotations:
    summary: {{ `"{{ $value }} of ` }}{{ .Values.replicas }} replicas of farguard-webhook are scraped."
    description: Another loss leaves fewer or none to answer the API server.
    runbook: >-
      kubectl -n {{ .Release.Namespace }} describe pods shows why one is missing; on Fargate most often no profile
      selects the namespace, or no capacity.
- alert: FarguardCertificateExpires
  expr: farguard_certificate_expiry_timestamp_seconds - time() < 7 * 86400 and farguard_certificate_expiry_timestamp_seconds > 0
  for: 1h
  labels: {severity: critical}
  annotations:
    summary: {{ `"The certificate that {{ $labels.pod }} serves ends in {{ $value | humanizeDuration }}."` }}
    description: It should have been renewed long ago; when it ends, the API server refuses the connection.
    runbook: >-
      The webhook's log says why it cannot renew (mostly the rights on Secret farguard-tls or on the webhook
      configuration); delete the Secret's data to have new ones made.
- alert: FarguardSelfProbeFails
  expr: farguard_selfprobe_success == 0
  for: 10m
  labels: {severity: critical}
  annotations:
    summary: {{ `"A pod that {{ $labels.pod }} tries out through the API server comes back unguarded."` }}
    description: The API server does not reach the webhook, does not trust it, or another policy undoes the injection.
    runbook: >-
      helm test farguard -n {{ .Release.Namespace }} says what comes back; look at the security group for port
      {{ trimPrefix ":" .Values.config.server.listen }} and at caBundle of the webhook configuration.
- alert: FarguardCircuitOpen
  expr: max by (namespace) (farguard_circuit_open{{ `{namespace!=""}` }}) > 0
  for: 5m
  labels: {severity: warning}
  annotations:
    summary: {{ `"Farguard has stopped injecting into namespace {{ $labels.namespace }}."` }}
    description: Its injected pods hang in farguard-install or are refused because of it, so new ones start unguarded.
    runbook: >-
      kubectl describe the newest pod of that namespace; mostly the payload image cannot be pulled there or an
      image policy refuses it.  The circuit closes by itself.
- alert: FarguardConfigRefused
  expr: farguard_config_last_reload_successful == 0
  for: 5m
  labels: {severity: warning}
  annotations:
    summary: {{ `"{{ $labels.pod }} refused the new configuration."` }}
    description: The one before it stays in force.
    runbook: >-
      The webhook's log has file, line and column; farguardctl config check FILE says the same before you install.
- alert: FarguardWatchErrors
  expr: increase(farguard_watch_errors_total[15m]) > 10
  for: 15m
  labels: {severity: warning}
  annotations:
    summary: {{ `"{{ $labels.pod }} cannot keep watching {{ $labels.resource }}."` }}
    description: What a namespace says now may be known late or not at all.
    runbook: >-
      The webhook's log says what the API server answered; "forbidden" is the ClusterRole farguard-webhook, anything
      else the way to the API server.
- alert: FarguardAdmissionSlow
  expr: >-
    histogram_quantile(0.99, sum by (le) (rate(farguard_admission_duration_seconds_bucket[10m]))) >
    {{ .Values.monitoring.rules.latencySeconds }}
  for: 10m
  labels: {severity: warning}
  annotations:
    summary: {{ `"One admission in a hundred takes longer than {{ $value | humanizeDuration }}."` }}
    description: The API server gives up after {{ .Values.webhook.timeoutSeconds }} s.
    runbook: >-
      More replicas or more CPU (resources, replicas); where images are looked up, a lower config.registry.timeoutMs.
- alert: FarguardNotReadyAnswers
  expr: sum(increase(farguard_admission_requests_total{{ `{reason=~"not-ready|internal-error|self-check-failed"}` }}[15m])) > 0
  for: 1m
  labels: {severity: warning}
  annotations:
    summary: {{ `"{{ $value | humanize }} pods started unguarded in 15 minutes because the webhook could not decide."` }}
    description: The reasons are not-ready, internal-error and self-check-failed.
    runbook: >-
      farguardctl check lists the pods; the webhook's log has the reason and the pod of each.  Restart what must be guarded.
- alert: FarguardNoRequests
  expr: sum(increase(farguard_admission_requests_total[6h])) == 0 and count(farguard_build_info) > 0
  for: 1h
  labels: {severity: info}
  annotations:
    summary: The API server has not asked farguard-webhook about a single pod for six hours.
    description: Either no pod was created, or the webhook configuration is gone or does not select anything.
    runbook: >-
      kubectl get mutatingwebhookconfiguration farguard -o yaml must show caBundle and rules; then
      helm test farguard -n {{ .Release.Namespace }}.
{{- end }}
