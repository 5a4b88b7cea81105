# pulls.sh - images from a private registry, and pulls that fail: guarded pods wait as bare ones do, and go on as they do.
# shellcheck shell=bash disable=SC2154 # read by tests/e2e/run.sh

pull_pod() { # NAME SECRET IMAGE
	cat <<-END
		---
		{apiVersion: v1, kind: Pod, metadata: {name: $1}, spec: {restartPolicy: Never, imagePullSecrets: [{name: $2}],
		 securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}},
		 containers: [{name: main, image: "$registry/$3", imagePullPolicy: Always, args: [worker, exit, "5"],
		  securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}]}}
	END
}

pulled() { # NAMESPACE POD: why its container waits, or what it ended with
	kubectl -n "$1" get pod "$2" \
		-o jsonpath='{range .status.containerStatuses[?(@.name=="main")]}{.state.waiting.reason}{.state.terminated.exitCode}{end}'
}

pulled_is() { # POD PATTERN: in both namespaces
	local namespace
	for namespace in e2e-bare e2e-guarded; do
		[[ $(pulled $namespace "$1") =~ ^($2)$ ]] || return 1
	done
}

pulls_are() { # NAME POD PATTERN
	if within 90 "$2 to be $3 in both" pulled_is "$2" "$3"; then
		ok "pulls: $1"
	else
		not_ok "pulls: $1" "bare $(pulled e2e-bare "$2"), guarded $(pulled e2e-guarded "$2")" \
			"$(kubectl -n e2e-guarded describe pod "$2" | tail -n 12)"
	fi
}

pull_in_both() { # as pull_pod
	local namespace
	for namespace in e2e-bare e2e-guarded; do
		pull_pod "$@" | kubectl -n $namespace create -f - >/dev/null
	done
}

# Pulling takes time for the one who waits for the image, and for nobody else: bare as guarded.
pull_slowly() {
	"$top/hack/cluster.sh" registry block
	pull_in_both slow right sample-musl:dev
	within 30 "both to be injected, and to wait" pulled_is slow "ContainerCreating|PodInitializing"
	sleep 3
	check "pulls: behind a path that drops packets both wait, without an error" pulled_is slow "ContainerCreating|PodInitializing"
	"$top/hack/cluster.sh" registry open
	pulls_are "and both run once it is free" slow 5
}

payload_is() { # REPOSITORY: what a pod would be given now
	pull_pod tried right sample-musl:dev | kubectl -n e2e-guarded create --dry-run=server -f - \
		-o jsonpath='{.spec.initContainers[0].image}' | grep -qx "$1:dev"
}

payload_from() { # REPOSITORY, and arguments of helm; the kubelet brings a changed ConfigMap to old pods in its own time
	local repository=$1
	shift
	target_install "$@" >"$work/install" 2>&1 && kubectl -n farguard rollout restart deployment/farguard-webhook >>"$work/install" 2>&1 &&
		kubectl -n farguard rollout status deployment/farguard-webhook --timeout 120s >>"$work/install" 2>&1 &&
		within 90 "the payload to come from $repository" payload_is "$repository"
}

pull_payload() { # ours, from there, with what the pod pulls with
	check "pulls: our payload is to come from there" payload_from "$registry/farguard-payload" --set replicas=1 \
		--set payload.image.repository="$registry/farguard-payload" --set payload.image.pullPolicy=Always
	pull_in_both ours right sample-musl:dev
	pulls_are "and does, by the pod's own secret" ours 5
	check "pulls: and from its old place again" payload_from farguard.test/farguard-payload --set replicas=2
}

part_pulls() {
	local namespace
	target_local || {
		skip "pulls: a private registry" "it runs on this machine, which a foreign cluster cannot reach"
		return
	}
	registry_begin || {
		not_ok "pulls: the registry runs" "$(cat "$work/registry")"
		return
	}
	for namespace in e2e-bare e2e-guarded; do
		pull_secrets $namespace
	done
	pull_in_both pulled right sample-musl:dev
	pull_in_both wrong-password wrong sample-musl:dev
	pull_in_both wrong-tag right sample-musl:missing
	pulls_are "an image of a private registry runs" pulled 5
	pulls_are "a wrong password ends in the same waiting" wrong-password "ErrImagePull|ImagePullBackOff"
	pulls_are "a tag that is not there does" wrong-tag "ErrImagePull|ImagePullBackOff"
	"$top/hack/cluster.sh" registry down
	pull_in_both registry-down right sample-musl:dev
	pulls_are "and a registry that is down" registry-down "ErrImagePull|ImagePullBackOff"
	"$top/hack/cluster.sh" registry up >/dev/null
	pulls_are "once it is up again both run" registry-down 5
	pull_slowly
	pull_payload
	for namespace in e2e-bare e2e-guarded; do
		kubectl -n $namespace delete pod pulled wrong-password wrong-tag registry-down slow ours --wait=false >/dev/null
		kubectl -n $namespace delete secret right wrong >/dev/null
	done
}
