# injectors.sh - beside other mutating webhooks: before and after us, and one that takes things away.
# shellcheck shell=bash disable=SC2154 # read by tests/e2e/run.sh

injector=
injector_end() {
	[ -z "$injector" ] || kill "$injector" 2>/dev/null
	injector=
	kubectl delete mutatingwebhookconfiguration aaa-e2e zzz-e2e --ignore-not-found >/dev/null 2>&1
}

injector_begin() { # on this machine's end of the cluster's link
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/injector.key" \
		-out "$work/injector.crt" -days 2 -subj /CN=injector -addext "subjectAltName=IP:$link_host" 2>/dev/null
	: >"$work/injector.port"
	"$here/injector.py" "$link_host" "$work/injector.crt" "$work/injector.key" >"$work/injector.port" &
	injector=$!
	within 10 "the other injector" test -s "$work/injector.port"
}

injector_config() { # NAME PATH
	kubectl create -f - >/dev/null <<-END
		apiVersion: admissionregistration.k8s.io/v1
		kind: MutatingWebhookConfiguration
		metadata: {name: $1}
		webhooks:
		- name: other.e2e.test
		  clientConfig:
		    url: https://$link_host:$(cat "$work/injector.port")$2
		    caBundle: $(base64 -w 0 "$work/injector.crt")
		  rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
		  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: e2e-guarded}}
		  admissionReviewVersions: [v1]
		  reinvocationPolicy: Never
		  sideEffects: None
		  failurePolicy: Fail
	END
}

# The containers of a pod that is created, in their order, and what the status says.
beside() { # POD RESTART-POLICY: created, and its container lists
	kubectl -n e2e-guarded create -o json -f - >"$work/beside.json" 2>"$work/beside.err" <<-END || cat "$work/beside.err"
		{apiVersion: v1, kind: Pod, metadata: {name: $1}, spec: {restartPolicy: $2,
		 securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}},
		 initContainers: [{name: prepare, image: farguard.test/sample-glibc:dev, imagePullPolicy: Never,
		  command: ["true"], securityContext: &secure {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}],
		 containers: [{name: main, image: farguard.test/sample-glibc:dev, imagePullPolicy: Never, command: [sleep, "600"],
		  securityContext: *secure}]}}
	END
	python3 - "$work/beside.json" <<-'END'
		import json, sys
		pod = json.load(open(sys.argv[1]))
		spec, status = pod["spec"], json.loads(pod["metadata"]["annotations"]["farguard.io/status"])
		print(" ".join(c["name"] + ("*" if c.get("restartPolicy") else "") for c in spec["initContainers"]), "|",
		      " ".join(c["name"] for c in spec["containers"]), "|",
		      " ".join(f"{n}={s.get('how') or s['reason']}" for n, s in sorted(status["containers"].items())))
	END
}

beside_runs() { # POD: every container of it is ready
	[ "$(kubectl -n e2e-guarded get pod "$1" -o jsonpath='{.status.conditions[?(@.type=="Ready")].status}')" = True ]
}

beside_is() { # name CONFIG PATH POD RESTART-POLICY EXPECTED
	injector_config "$2" "$3"
	within 10 "the API server to call $2" injector_seen "$3"
	same "injectors: $1" "$6" "$(beside "$4" "$5")"
	check "injectors: and it runs" within 60 "$4 to be ready" beside_runs "$4"
	kubectl -n e2e-guarded delete pod "$4" --wait=false --grace-period=1 >/dev/null 2>&1
	kubectl delete mutatingwebhookconfiguration "$2" >/dev/null
}

injector_seen() { # PATH: a pod that is only tried comes with what the injector does
	local said
	said=$(kubectl -n e2e-guarded create --dry-run=server -o json -f - <<-'END'
		{apiVersion: v1, kind: Pod, metadata: {name: tried, annotations: {farguard.io/inject: enabled}}, spec: {
		 securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}, containers: [{name: main,
		 image: x, command: [x], securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}]}}
	END
	) || return 1
	[[ $1 == /old || $said == *istio-init* ]]
}

part_injectors() {
	target_local || {
		skip "injectors: other webhooks" "they run on this machine, which a foreign API server cannot reach"
		return
	}
	injector_begin || {
		not_ok "injectors: the other injector runs"
		return
	}
	beside_is "a mesh before us" aaa-e2e /mesh beside-1 Always \
		"farguard-install istio-init prepare | istio-proxy main farguard-agent | istio-init=self-wrap istio-proxy=known-injector main=command prepare=command"
	beside_is "a mesh after us: what comes before farguard-install is left alone" zzz-e2e /mesh beside-2 Always \
		"istio-init farguard-install prepare | istio-proxy main farguard-agent | istio-init=before-install istio-proxy=known-injector main=command prepare=command"
	beside_is "a native mesh before us" aaa-e2e /mesh/native beside-3 Always \
		"farguard-install istio-init istio-proxy* prepare | main farguard-agent | istio-init=self-wrap istio-proxy=known-injector main=command prepare=command"
	beside_is "a native mesh after us, in a pod that is to end" zzz-e2e /mesh/native beside-4 OnFailure \
		"istio-init istio-proxy* farguard-install farguard-agent* prepare | main | istio-init=before-install istio-proxy=before-install main=command prepare=command"
	beside_is "one that knows no sidecars and takes mounts away: repaired" zzz-e2e /old beside-5 OnFailure \
		"farguard-install farguard-agent* prepare | main | main=command prepare=command"
	injector_end
}
