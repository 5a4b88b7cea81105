#!/bin/bash
# manifests.sh [DIR] - render the chart to plain manifests and kustomize overlays, into DIR (manifests/).
#
# Why      The chart is the only source.  What only helm understands is taken out, and the namespace,
#          which helm makes by an option, is put first.  An overlay is its values.yaml: what these
#          change in the rendering is what its kustomization changes in the base.
# Errors   Helm's, on stderr; exit 1, and DIR is left as it was.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
out=${1:-$top/manifests}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

render() { # ARG...
	cat <<-'END'
		# farguard.yaml - rendered from charts/farguard by hack/manifests.sh; edit the chart.
		apiVersion: v1
		kind: Namespace
		metadata:
		  name: farguard
		  labels:
		    app.kubernetes.io/name: farguard
		    pod-security.kubernetes.io/enforce: restricted
	END
	"$top/hack/cluster.sh" helm template farguard "$top/charts/farguard" --namespace farguard --no-hooks "$@" |
		sed -E '/^# Source: /d; /^ +(helm\.sh\/chart|app\.kubernetes\.io\/(managed-by|instance)): /d'
}

mkdir -p "$work/base"
render >"$work/base/farguard.yaml"
cat >"$work/base/kustomization.yaml" <<'END'
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [farguard.yaml]
END
for values in "$top"/manifests/overlays/*/values.yaml; do
	name=$(basename "$(dirname "$values")")
	mkdir -p "$work/overlays/$name"
	cp "$values" "$work/overlays/$name/"
	render --values "$values" >"$work/rendered.yaml"
	"$top/hack/overlay.py" "$work/base/farguard.yaml" "$work/rendered.yaml" "$work/overlays/$name"
done
mkdir -p "$out"
cp -R "$work/base" "$work/overlays" "$out/"
