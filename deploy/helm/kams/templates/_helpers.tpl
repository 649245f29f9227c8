{{- define "kams.fullname" -}}
{{- if contains "kams" .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-kams" (.Release.Name | trunc 35 | trimSuffix "-") }}{{ end }}
{{- end }}

{{/* Of everything of this release. */}}
{{- define "kams.selector" -}}
app.kubernetes.io/name: kams
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "kams.labels" -}}
{{ include "kams.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "kams.image" -}}
{{- $tag := .Values.image.tag | default .Chart.AppVersion -}}
{{ .Values.image.repository }}:{{ $tag }}{{ with .Values.image.digest }}@{{ . }}{{ end }}
{{- end }}

{{- define "kams.claim" -}}
{{ .Values.data.existingClaim | default (printf "%s-data" (include "kams.fullname" .)) }}
{{- end }}

{{/* What holds for one: `defaults`, and what was said of it. As JSON, because a template gives text. */}}
{{- define "kams.of" -}}
{{ mergeOverwrite (deepCopy .root.Values.defaults) (deepCopy (.own | default dict)) | toJson }}
{{- end }}

{{- define "kams.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{- define "kams.setting" -}}
- name: {{ .name }}
  value: {{ .value | toString | quote }}
{{- end }}

{{/* Of every process. */}}
{{- define "kams.commonEnv" -}}
{{- range $name, $value := .Values.settings }}
{{- if not (kindIs "invalid" $value) }}
{{ include "kams.setting" (dict "name" $name "value" $value) }}
{{- end }}
{{- end }}
- name: KAMS_PORT
  value: "3000"
{{- $peers := list }}
{{- range $name := keys .Values.services | sortAlpha }}
{{- $peers = append $peers (printf "%s=http://%s-%s:3000" $name (include "kams.fullname" $) $name) }}
{{- end }}
- name: KAMS_PEERS
  value: {{ join "," $peers | quote }}
{{- with .Values.telemetry.otlpEndpoint }}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ . | quote }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Of those that have a store. root, name: of the service. */}}
{{- define "kams.storeEnv" -}}
{{- $name := .name }}
{{- with .root }}
- name: KAMS_DATA
  value: /var/lib/kams
- name: KAMS_POSTGRES_URL_FILE
  value: /run/secrets/kams/postgres-url
- name: KAMS_STORE
  value: {{ .Values.store }}
{{- if eq .Values.store "eventstoredb" }}
- name: KAMS_EVENTSTOREDB_URL_FILE
  value: /run/secrets/kams/eventstoredb-url
{{- end }}
- name: KAMS_BUS
  value: {{ .Values.bus }}
{{- with .Values.kafka.brokers }}
- name: KAMS_KAFKA_BROKERS
  value: {{ join "," . | quote }}
- name: KAMS_KAFKA_TLS
  value: {{ $.root.Values.kafka.tls | quote }}
{{- with $.root.Values.kafka.user }}
- name: KAMS_KAFKA_USER
  value: {{ replace "%s" $name . | quote }}
- name: KAMS_KAFKA_PASSWORD_FILE
  value: /run/secrets/kams/{{ include "kams.kafkaPassword" $ }}
{{- end }}
{{- end }}
- name: KAMS_SERVICES
  value: {{ $name }}
{{- end }}
{{- end }}

{{/* The key of a service in the Secret. root, name. */}}
{{- define "kams.kafkaPassword" -}}
{{ replace "%s" .name .root.Values.secret.kafkaPassword }}
{{- end }}

{{/* root, names: of the services whose secrets it has. */}}
{{- define "kams.secretVolume" -}}
{{- $names := .names }}
{{- with .root }}
- name: secrets
  secret:
    secretName: {{ required "secret.existingSecret: the name of the Secret that has the URL of Postgres" .Values.secret.existingSecret }}
    # The group may read it, others may not: else the product refuses it.
    defaultMode: 0440
    items:
      - { key: {{ .Values.secret.postgresUrl }}, path: postgres-url }
      {{- if eq .Values.store "eventstoredb" }}
      - { key: {{ .Values.secret.eventStoreDbUrl }}, path: eventstoredb-url }
      {{- end }}
      {{- if and .Values.kafka.brokers .Values.kafka.user }}
      {{- $keys := list }}
      {{- range $names }}
      {{- $keys = append $keys (include "kams.kafkaPassword" (dict "root" $.root "name" .)) }}
      {{- end }}
      {{- range uniq $keys }}
      - { key: {{ . }}, path: {{ . }} }
      {{- end }}
      {{- end }}
{{- end }}
{{- end }}

{{/* Of every pod: what it may not do. */}}
{{- define "kams.confined" -}}
automountServiceAccountToken: false
# The links of Kubernetes are variables like KAMS_<NAME>_PORT, and the product refuses a setting that it does not know.
enableServiceLinks: false
securityContext:
  {{- toYaml .Values.podSecurityContext | nindent 2 }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/*
The Deployment, the Service, the budget and the autoscaler of one.
root, name, own: what was said of it; main: the program; store: whether it has one.
*/}}
{{- define "kams.process" -}}
{{- $root := .root }}
{{- $name := .name }}
{{- $of := include "kams.of" (dict "root" $root "own" .own) | fromJson }}
{{- $fullname := printf "%s-%s" (include "kams.fullname" $root) $name }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ $fullname }}
  labels:
    {{- include "kams.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ $name }}
spec:
  {{- if not $of.autoscaling.enabled }}
  replicas: {{ $of.replicas }}
  {{- end }}
  # A projection that is new is built before its process is ready.
  progressDeadlineSeconds: 1800
  strategy:
    rollingUpdate: { maxSurge: 1, maxUnavailable: 0 }
  selector:
    matchLabels:
      {{- include "kams.selector" $root | nindent 6 }}
      app.kubernetes.io/component: {{ $name }}
  template:
    metadata:
      labels:
        {{- include "kams.labels" $root | nindent 8 }}
        app.kubernetes.io/component: {{ $name }}
      {{- with $of.podAnnotations }}
      annotations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      serviceAccountName: {{ include "kams.fullname" $root }}
      {{- include "kams.confined" $root | nindent 6 }}
      # The pause before the end, KAMS_SHUTDOWN_GRACE, and what is closed after it.
      terminationGracePeriodSeconds: 60
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels:
              {{- include "kams.selector" $root | nindent 14 }}
              app.kubernetes.io/component: {{ $name }}
      {{- with $of.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $of.tolerations }}
      tolerations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $of.affinity }}
      affinity:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- if and .store $root.Values.sidecars }}
      initContainers:
        {{- range $root.Values.sidecars }}
        - {{- toYaml (merge (dict "restartPolicy" "Always") .) | nindent 10 }}
        {{- end }}
      {{- end }}
      containers:
        - name: {{ $name }}
          image: {{ include "kams.image" $root | quote }}
          imagePullPolicy: {{ $root.Values.image.pullPolicy }}
          command: [node, --max-semi-space-size=64, {{ .main }}]
          env:
            {{- include "kams.commonEnv" $root | trim | nindent 12 }}
            {{- if .store }}
            {{- include "kams.storeEnv" (dict "root" $root "name" $name) | trim | nindent 12 }}
            {{- end }}
          ports:
            - { name: http, containerPort: 3000 }
          # Three minutes to begin; after that it is alive or replaced.
          startupProbe:
            httpGet: { path: /health/live, port: http }
            periodSeconds: 2
            timeoutSeconds: 5
            failureThreshold: 90
          livenessProbe:
            httpGet: { path: /health/live, port: http }
            periodSeconds: 10
            timeoutSeconds: 5
            failureThreshold: 6
          readinessProbe:
            httpGet: { path: /health/ready, port: http }
            periodSeconds: 5
            timeoutSeconds: 5
            failureThreshold: 2
          # Until nobody sends requests here any more.
          lifecycle:
            preStop: { sleep: { seconds: 5 } }
          resources:
            {{- toYaml $of.resources | nindent 12 }}
          securityContext:
            {{- include "kams.containerSecurityContext" $root | nindent 12 }}
          volumeMounts:
            - { name: tmp, mountPath: /tmp }
            {{- if .store }}
            - { name: data, mountPath: /var/lib/kams }
            - { name: secrets, mountPath: /run/secrets/kams, readOnly: true }
            {{- end }}
            {{- with $root.Values.extraVolumeMounts }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
      volumes:
        - name: tmp
          emptyDir: { sizeLimit: 64Mi }
        {{- if .store }}
        - name: data
          persistentVolumeClaim: { claimName: {{ include "kams.claim" $root }} }
        {{- include "kams.secretVolume" (dict "root" $root "names" (list $name)) | trim | nindent 8 }}
        {{- end }}
        {{- with $root.Values.extraVolumes }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ $fullname }}
  labels:
    {{- include "kams.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ $name }}
spec:
  selector:
    {{- include "kams.selector" $root | nindent 4 }}
    app.kubernetes.io/component: {{ $name }}
  ports:
    - { name: http, port: 3000, targetPort: http }
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ $fullname }}
  labels:
    {{- include "kams.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ $name }}
spec:
  maxUnavailable: 1
  # One that is not ready anyway must not keep a node from being emptied.
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "kams.selector" $root | nindent 6 }}
      app.kubernetes.io/component: {{ $name }}
{{- with $of.autoscaling }}
{{- if .enabled }}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ $fullname }}
  labels:
    {{- include "kams.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ $name }}
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: {{ $fullname }} }
  minReplicas: {{ .minReplicas }}
  maxReplicas: {{ .maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target: { type: Utilization, averageUtilization: {{ .cpuUtilization }} }
    {{- if and .projectionLag.enabled $.store }}
    - type: External
      external:
        metric:
          name: {{ .projectionLag.metric }}
          {{- with .projectionLag.selector }}
          selector:
            {{- toYaml . | nindent 12 }}
          {{- end }}
        target: { type: Value, value: {{ .projectionLag.seconds | quote }} }
    {{- end }}
  behavior:
    # Each change moves projections from one process to another.
    scaleDown: { stabilizationWindowSeconds: 300 }
{{- end }}
{{- end }}
{{- end }}
