{{- define "xsender.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name }}{{ else }}{{ .Release.Name }}-{{ .Chart.Name }}{{ end }}
{{- end }}

{{- define "xsender.tag" -}}
{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "xsender.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "xsender.labels" -}}
{{ include "xsender.selector" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{/* A tag as part of a name: letters, digits and hyphens. */}}
{{- define "xsender.tagInName" -}}
{{ . | lower | replace "." "-" | replace "_" "-" | replace "+" "-" | trunc 24 | trimSuffix "-" }}
{{- end }}

{{/* What all processes are told. */}}
{{- define "xsender.env" -}}
- name: XSENDER_DATABASE_URL
  valueFrom: {secretKeyRef: {name: {{ .Values.secretName }}, key: XSENDER_DATABASE_URL}}
- name: XSENDER_KEYS
  valueFrom: {secretKeyRef: {name: {{ .Values.secretName }}, key: XSENDER_KEYS}}
{{- range list "XSENDER_DATABASE_DIRECT_URL" "XSENDER_DATABASE_READ_URL" "XSENDER_TEMPORAL_API_KEY" "XSENDER_ALERT_SLACK_URL" "XSENDER_META_APP_SECRET" "XSENDER_META_VERIFY_TOKEN" }}
- name: {{ . }}
  valueFrom: {secretKeyRef: {name: {{ $.Values.secretName }}, key: {{ . }}, optional: true}}
{{- end }}
- name: XSENDER_TEMPORAL_ADDRESS
  value: {{ .Values.temporal.address | quote }}
- name: XSENDER_TEMPORAL_NAMESPACE
  value: {{ .Values.temporal.namespace | quote }}
{{- if .Values.temporal.tls }}
- name: XSENDER_TEMPORAL_TLS
  value: "true"
{{- end }}
{{- if .Values.temporal.tlsSecretName }}
- name: XSENDER_TEMPORAL_TLS_CERT
  value: /etc/xsender/temporal/tls.crt
- name: XSENDER_TEMPORAL_TLS_KEY
  value: /etc/xsender/temporal/tls.key
{{- end }}
- name: XSENDER_METRICS_ADDRESS
  value: "0.0.0.0:{{ .Values.metricsPort }}"
{{- with .Values.traces.endpoint }}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ . | quote }}
- name: OTEL_TRACES_SAMPLER_ARG
  value: {{ $.Values.traces.share | quote }}
- name: OTEL_EXPORTER_OTLP_HEADERS
  valueFrom: {secretKeyRef: {name: {{ $.Values.secretName }}, key: OTEL_EXPORTER_OTLP_HEADERS, optional: true}}
{{- end }}
{{- range $name, $value := .Values.settings }}
- name: XSENDER_{{ upper $name }}
  value: {{ $value | toString | quote }}
{{- end }}
{{- end }}

{{/* What every pod has beside its container. */}}
{{- define "xsender.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  seccompProfile: {type: RuntimeDefault}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{ toJson . }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{ toJson . }}
{{- end }}
volumes:
  - name: tmp
    emptyDir: {}
  {{- if .Values.temporal.tlsSecretName }}
  - name: temporal-tls
    secret: {secretName: {{ .Values.temporal.tlsSecretName }}}
  {{- end }}
{{- end }}

{{/* What every container has. */}}
{{- define "xsender.container" -}}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
volumeMounts:
  - name: tmp
    mountPath: /tmp
  {{- if .Values.temporal.tlsSecretName }}
  - name: temporal-tls
    mountPath: /etc/xsender/temporal
    readOnly: true
  {{- end }}
{{- end }}

{{/* Pods of one kind on different nodes, where there are some. Takes the labels that they have in common. */}}
{{- define "xsender.spread" -}}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- . | nindent 8 }}
{{- end }}
