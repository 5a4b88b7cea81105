"""workloads.py - small pods and Jobs that pod security `restricted` takes; the twin matrix has its own (twins/cases.py)."""

OURS = {"farguard-agent", "farguard-install"}
RESTRICTED = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


def container(image, **more):
    return {"name": "main", "image": f"farguard.test/sample-{image}:dev", "imagePullPolicy": "Never",
            "env": [{"name": "GREETING", "value": "good $(DAY)"}, {"name": "DAY", "value": "day"}],
            "securityContext": RESTRICTED, **more}


def spec(containers, restart="Always", **more):
    return {"restartPolicy": restart, "containers": containers, "terminationGracePeriodSeconds": 20,
            "automountServiceAccountToken": False,
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}, **more}


def pod(name, pod_spec):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"case": name}}, "spec": pod_spec}


def job(name, pod_spec):
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name},
            "spec": {"backoffLimit": 0, "template": {"metadata": {"labels": {"case": name}}, "spec": pod_spec}}}
