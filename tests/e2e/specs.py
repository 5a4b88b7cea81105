#!/usr/bin/python3
"""specs.py PORT FARGUARDCTL [COUNT [SEED]] - pods by chance through the API server's whole admission (TAP).

PORT: `kubectl proxy` on loopback.  Each pod is created twice by dry run, once with farguard.io/inject: disabled: what
the server accepts then, it must accept guarded, in namespaces whose LimitRanges and quotas refuse what a naive
injector makes; and uninject must give back what the server made of the unguarded one.
"""

import http.client
import json
import os
import random
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "case"))
from specs import pod  # noqa: E402

RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}


def limits(kind, **bounds):
    return {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": kind.lower()}, "spec": {"limits": [{"type": kind, **bounds}]}}


def quota(name, hard, **more):
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": name}, "spec": {"hard": hard, **more}}


# Each holds what refuses something that is naive: no request, a limit, a sum, a change of the QoS class.
NAMESPACES = {
    "plain": (RESTRICTED, []),
    "open": ({}, []),
    "min": ({}, [limits("Container", min={"cpu": "20m", "memory": "16Mi"})]),
    "max": ({}, [limits("Container", max={"cpu": "2", "memory": "48Mi"}, default={"cpu": "150m", "memory": "48Mi"})]),
    "ratio": ({}, [limits("Container", maxLimitRequestRatio={"cpu": "10", "memory": "4"})]),
    "defaults": ({}, [limits("Container", default={"cpu": "100m", "memory": "32Mi"}, defaultRequest={"cpu": "50m", "memory": "32Mi"})]),
    "pod-max": ({}, [limits("Pod", max={"cpu": "2", "memory": "512Mi"})]),
    "pod-ratio": ({}, [limits("Pod", maxLimitRequestRatio={"memory": "4"})]),
    "two": ({}, [limits("Container", min={"memory": "16Mi"}, max={"memory": "1Gi"}), limits("Pod", max={"memory": "1Gi"})]),
    "quota": ({}, [quota("all", {"limits.memory": "2Gi", "limits.cpu": "4", "requests.memory": "2Gi", "requests.cpu": "4"})]),
    "quota-full": ({}, [quota("all", {"limits.memory": "256Mi", "requests.memory": "256Mi"})]),
    "quota-scoped": ({}, [quota("some", {"limits.memory": "1Gi", "limits.cpu": "2"}, scopes=["NotBestEffort"])]),
    "both": ({}, [limits("Container", default={"cpu": "200m", "memory": "64Mi"}, max={"cpu": "2", "memory": "1Gi"}),
                  quota("all", {"limits.memory": "512Mi", "requests.cpu": "1"})]),
}

failures = 0


def report(ok, name, why=""):
    """Numbered by tap.sh."""
    global failures
    failures += not ok
    print(f"{'ok' if ok else 'not ok'} - specs: {name}", flush=True)
    for line in str(why).splitlines()[:8] if not ok else []:
        print(f"#   {line[:900]}")


class Api:
    def __init__(self, port):
        self.conn = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def call(self, method, path, body=None):
        self.conn.request(method, path, json.dumps(body) if body is not None else None, {"Content-Type": "application/json"})
        answer = self.conn.getresponse()
        return answer.status, json.loads(answer.read() or b"null")

    def dry_run(self, namespace, made, inject):
        body = json.loads(json.dumps(made))
        annotations = body["metadata"].setdefault("annotations", {})
        annotations["farguard.io/inject"] = inject
        return self.call("POST", f"/api/v1/namespaces/{namespace}/pods?dryRun=All", body)


def settled(made):
    """What differs between two creations of one pod."""
    out = json.loads(re.sub(r"kube-api-access-[a-z0-9]{5}", "kube-api-access", json.dumps(made)))
    for name in ("uid", "creationTimestamp", "managedFields"):
        out["metadata"].pop(name, None)
    out["metadata"]["annotations"].pop("farguard.io/inject")
    # The server's defaults for QoS are its own affair.
    out.pop("status", None)
    return out


def taken_out(ctl, made):
    result = subprocess.run([ctl, "uninject", "-f", "-"], input=json.dumps(made).encode(), capture_output=True, timeout=30, check=True)
    return json.loads(result.stdout)


def prepare(api):
    for name, (labels, objects) in NAMESPACES.items():
        full = f"e2e-specs-{name}"
        api.call("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {
            "name": full, "labels": labels, "annotations": {"farguard.io/inject": "enabled"}}})
        for made in objects:
            api.call("POST", f"/api/v1/namespaces/{full}/{made['kind'].lower()}s", made)
    # Pods are refused until the quota's controller and the service account's have been there.
    for name, (_, objects) in NAMESPACES.items():
        full, end = f"e2e-specs-{name}", time.monotonic() + 30
        while time.monotonic() < end:
            ready = api.call("GET", f"/api/v1/namespaces/{full}/serviceaccounts/default")[0] == 200
            quotas = api.call("GET", f"/api/v1/namespaces/{full}/resourcequotas")[1]["items"]
            if ready and all(q.get("status", {}).get("hard") for q in quotas) and len(quotas) == sum(o["kind"] == "ResourceQuota" for o in objects):
                break
            time.sleep(0.2)
    time.sleep(2)  # until the webhook's watches have them


def judge(ctl, name, made, bare, guarded):
    """(what is wrong or None, the reason of the status)"""
    if bare[0] != 201:
        return (None if guarded[0] == bare[0] else f"{bare[0]} bare, {guarded[0]} guarded"), "refused"
    if guarded[0] != 201:
        return f"accepted bare, guarded: {guarded[1].get('message')}", "refused"
    status = guarded[1]["metadata"]["annotations"].get("farguard.io/status", "")
    try:
        reason = json.loads(status)["reason"] if "farguard-install" in json.dumps(guarded[1]["spec"]) else "skipped"
    except (ValueError, KeyError):
        reason = "skipped"
    if reason == "injected" and settled(taken_out(ctl, guarded[1])) != settled(bare[1]):
        return "uninject does not give the server's pod back", reason
    return None, reason


def main():
    api, ctl = Api(int(sys.argv[1])), sys.argv[2]
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 1300
    rng = random.Random(int(sys.argv[4]) if len(sys.argv) > 4 else 7)
    prepare(api)
    for name in NAMESPACES:
        full, found, counted = f"e2e-specs-{name}", [], {}
        for _ in range(count // len(NAMESPACES)):
            made = pod(rng)
            bare, guarded = (api.dry_run(full, made, inject) for inject in ("disabled", "enabled"))
            why, reason = judge(ctl, name, made, bare, guarded)
            counted[reason] = counted.get(reason, 0) + 1
            if why:
                found.append(f"{why}: {json.dumps(made)}")
        print(f"# {name}: {counted}")
        report(not found, f"{name}: what is accepted bare is accepted guarded, and comes back by uninject", "\n".join(found))
        report(counted.get("injected", 0) > 0, f"{name}: pods are injected", counted)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
