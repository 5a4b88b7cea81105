# manifests.sh - the plain manifests and the overlays: current, and the same as the chart's renderings.
# shellcheck shell=bash disable=SC2154 # read by tests/chart/run.sh

built() { # DIR FILE: what `kubectl apply -k DIR` would send
	kubectl kustomize "$1" >"$2" 2>"$2.err" || {
		not_ok "kustomize builds ${1##*/}" "$(cat "$2.err")"
		return 1
	}
}

# What manifests/README.md tells people with images and a configuration of their own to write.
own_overlay() {
	cp -R "$top/manifests" "$work/own"
	mkdir "$work/own/mine"
	printf 'image: {reference: "r.test/p:1"}\ninject: {default: enabled}\n' >"$work/own/mine/farguard.yaml"
	cat >"$work/own/mine/kustomization.yaml" <<-'END'
		resources: [../overlays/label-only]
		images: [{name: farguard.test/farguard-webhook, newName: r.test/w, newTag: "1"}]
		generatorOptions: {disableNameSuffixHash: true}
		configMapGenerator:
		- {name: farguard, namespace: farguard, behavior: replace, files: [farguard.yaml]}
	END
	built "$work/own/mine" "$work/mine.yaml" || return
	same "an overlay of one's own changes the image" '"r.test/w:1"' \
		"$(at "$work/mine.yaml" 'Deployment/farguard-webhook|spec|template|spec|containers|0|image')"
	same "and the configuration" '"image: {reference: \"r.test/p:1\"}\ninject: {default: enabled}\n"' \
		"$(at "$work/mine.yaml" 'ConfigMap/farguard|data|farguard.yaml')"
	same "on top of an overlay of ours" '["enabled"]' \
		"$(at "$work/mine.yaml" 'MutatingWebhookConfiguration/farguard|webhooks|0|namespaceSelector|matchExpressions|1|values')"
	accepted "farguardctl accepts that configuration" "$work/mine.yaml"
}

manifests() {
	local overlay name
	"$top/hack/manifests.sh" "$work/manifests" 2>"$work/manifests.err" || not_ok "hack/manifests.sh" "$(cat "$work/manifests.err")"
	same "manifests/ is current (else: hack/manifests.sh)" "" \
		"$(diff -r -x README.md "$work/manifests" "$top/manifests" 2>&1 | head -n 20)"
	render "$work/rendered.yaml" --no-hooks
	! built "$top/manifests/base" "$work/built.yaml" ||
		tap_of "$here/rendered.py" equal "the base is what the chart renders" "$work/rendered.yaml" "$work/built.yaml"
	for overlay in "$top"/manifests/overlays/*/; do
		name=$(basename "$overlay")
		render "$work/rendered.yaml" --no-hooks --values "$overlay/values.yaml"
		! built "${overlay%/}" "$work/overlay-$name.yaml" || tap_of "$here/rendered.py" equal \
			"overlay $name is what the chart renders with its values" "$work/rendered.yaml" "$work/overlay-$name.yaml"
	done
	own_overlay
}
