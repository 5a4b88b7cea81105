{{- /* The selector: it must never change, and the webhook leaves pods with this label alone. */ -}}
{{- define "farguard.selector" -}}
app.kubernetes.io/name: farguard
app.kubernetes.io/component: webhook
{{- end }}

{{- define "farguard.labels" -}}
{{ include "farguard.selector" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
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

{{- define "farguard.config" -}}
{{- $image := dict "reference" (include "farguard.reference" (list .Values.payload.image .Chart.AppVersion)) "pullPolicy" .Values.payload.image.pullPolicy -}}
{{ set (deepCopy .Values.config) "image" $image | toYaml }}
{{- end }}
