#!/bin/bash
# manifests.sh [FILE] - render the chart to plain manifests for `kubectl apply`; - is standard output.
#
# Why      The chart is the only source.  What only helm understands is taken out, and the namespace,
#          which helm makes by an option, is put first.
# Errors   Helm's, on stderr; exit 1, and FILE is left as it was.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
out=${1:-$top/manifests/farguard.yaml}

render() {
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
	"$top/hack/cluster.sh" helm template farguard "$top/charts/farguard" --namespace farguard |
		sed -E '/^# Source: /d; /^ +(helm\.sh\/chart|app\.kubernetes\.io\/(managed-by|instance)): /d'
}

text=$(render)
if [ "$out" = - ]; then
	printf '%s\n' "$text"
else
	printf '%s\n' "$text" >"$out"
fi
