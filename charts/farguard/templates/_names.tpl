{{- /* The selector: it must never change, and the webhook leaves pods with this label alone. */ -}}
{{- define "farguard.selector" -}}
app.kubernetes.io/name: farguard
app.kubernetes.io/component: webhook
{{- end }}

{{- /* (list ROOT WORDS): the labels of an object; ours win over WORDS, these over commonLabels. */ -}}
{{- define "farguard.labelsWith" -}}
{{- $root := index . 0 -}}
{{- $own := include "farguard.selector" $root | fromYaml -}}
{{- $_ := set $own "app.kubernetes.io/instance" $root.Release.Name -}}
{{- $_ := set $own "app.kubernetes.io/version" $root.Chart.AppVersion -}}
{{- $_ := set $own "app.kubernetes.io/managed-by" $root.Release.Service -}}
{{- $_ := set $own "helm.sh/chart" (printf "%s-%s" $root.Chart.Name $root.Chart.Version) -}}
{{ merge (dict) $own (index . 1) $root.Values.commonLabels | toYaml }}
{{- end }}

{{- define "farguard.labels" -}}
{{ include "farguard.labelsWith" (list . (dict)) }}
{{- end }}

{{- /* (list IMAGE DEFAULT-TAG): a reference, by digest where there is one. */ -}}
{{- define "farguard.reference" -}}
{{- $image := index . 0 -}}
{{- if $image.digest -}}
{{ $image.repository }}@{{ $image.digest }}
{{- else -}}
{{ $image.repository }}:{{ $image.tag | default (index . 1) }}
{{- end -}}
{{- end }}

{{- /* Pod security restricted, and a root file system that nothing is written to. */ -}}
{{- define "farguard.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "farguard.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "farguard.config" -}}
{{- $image := dict "reference" (include "farguard.reference" (list .Values.payload.image .Chart.AppVersion)) "pullPolicy" .Values.payload.image.pullPolicy -}}
{{ set (deepCopy .Values.config) "image" $image | toYaml }}
{{- end }}

{{- /* What a schema cannot say in words; an empty string, or the rendering fails. */ -}}
{{- define "farguard.check" -}}
{{- range $key, $listen := .Values.config.server -}}
{{- $port := int (trimPrefix ":" $listen) -}}
{{- if has $port (list 10248 10250 10255 10256) -}}
{{- fail (printf "config.server.%s: port %d is the kubelet's, and on Fargate pod and node share an address; take another, as :8443" $key $port) -}}
{{- end -}}
{{- if gt $port 65535 -}}
{{- fail (printf "config.server.%s: there is no port %d; the last is 65535" $key $port) -}}
{{- end -}}
{{- end -}}
{{- if eq .Values.config.server.listen .Values.config.server.metrics -}}
{{- fail (printf "config.server: listen and metrics cannot both be %s" .Values.config.server.listen) -}}
{{- end -}}
{{- if and .Values.certManager.issuerRef (not .Values.certManager.issuerRef.name) -}}
{{- fail "certManager.issuerRef: name is missing; say which issuer, or leave issuerRef empty for an authority of the chart's own" -}}
{{- end -}}
{{- if and .Values.monitoring.serviceMonitor.enabled .Values.monitoring.podMonitor.enabled -}}
{{- fail "monitoring: a serviceMonitor and a podMonitor would scrape everything twice; enable one" -}}
{{- end -}}
{{- end }}
