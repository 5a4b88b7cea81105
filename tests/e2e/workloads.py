#!/usr/bin/env python3
"""workloads.py NAMESPACE - the matrix of workloads, as a List for `kubectl create -f -`.

Each sample image as a Deployment, Jobs and bare Pods of every restart policy, and pods of special
shapes.  The same list goes into a guarded and into a bare namespace, and matrix.py compares them.
"""
import json
import sys

# How the image's program is asked to end with a status, and the programs that it starts (each an
# argument vector) where a dynamic loader makes them visible.
IMAGES = {
    "glibc": {"end": lambda n: ["exit", str(n)], "starts": [["/bin/uname", "-s"], ["/bin/ls", "/no/such/file"]]},
    "musl": {"end": lambda n: ["worker", "exit", str(n)], "starts": [["tool", "0", "one argument", "", "two"], ["tool", "7"]],
             "uncovered": ["musl-without-lookup", "static-entrypoint"]},
    "static": {"end": lambda n: ["exit", str(n)], "starts": [], "uncovered": ["static-entrypoint"]},
    "python": {"end": lambda n: ["python3", "worker.py", "exit", str(n)],
               "starts": [["uname", "-s"], ["sh", "-c", "exit 7"], ["true", "x"]]},
    "nginx": {"end": lambda n: ["sh", "-c", f"/bin/ls /etc/nginx/nginx.conf; exit {n}"],
              "starts": [["/bin/ls", "/etc/nginx/nginx.conf"]]},
    "busybox": {"end": lambda n: ["/bin/worker", "exit", str(n)], "starts": [], "uncovered": ["static-entrypoint"]},
}
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


def template(name, pod_spec):
    return {"metadata": {"labels": {"case": name}}, "spec": pod_spec}


def job(name, pod_spec):
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name},
            "spec": {"backoffLimit": 0, "template": template(name, pod_spec)}}


def deployment(name, pod_spec):
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
            "spec": {"replicas": 1, "selector": {"matchLabels": {"case": name}}, "template": template(name, pod_spec)}}


def of_image(image):
    end = IMAGES[image]["end"]
    probe = {"readinessProbe": {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1}} if image == "nginx" else {}
    yield deployment(f"{image}-deployment", spec([container(image, **probe)]))
    yield job(f"{image}-job", spec([container(image, args=end(0))], "Never"))
    yield job(f"{image}-job-fails", spec([container(image, args=end(3))], "Never"))
    yield pod(f"{image}-never", spec([container(image, args=end(5))], "Never"))
    yield pod(f"{image}-onfailure", spec([container(image, args=end(0))], "OnFailure"))
    yield pod(f"{image}-always", spec([container(image)]))


AGAIN = 'if [ -e /data/once ]; then /bin/echo "second $1"; exit 0; fi; echo >/data/once; /bin/echo "first $1"; exit 3'


def special():
    # A command in the pod spec covers what has no dynamic loader, or another one.
    yield pod("static-command", spec([container("static", command=["/bin/worker", "exit", "5"])], "Never"))
    yield pod("musl-command", spec([container("musl", command=["worker"], args=["exit", "5"])], "Never"))
    yield pod("busybox-command", spec([container("busybox", command=["sh", "-c", "echo; exit 6"])], "Never"))
    data = {"volumes": [{"name": "data", "emptyDir": {}}]}
    mount = [{"name": "data", "mountPath": "/data"}]
    yield pod("glibc-again", spec([container("glibc", command=["/bin/sh", "-c", AGAIN, "sh", "try"], volumeMounts=mount)],
                                  "OnFailure", **data))
    yield pod("glibc-init", spec([container("glibc", args=["exit", "0"], volumeMounts=mount)], "Never", **data, initContainers=[
        {**container("glibc", command=["/bin/sh", "-c", "/bin/uname -m >/data/machine; /bin/cat /data/machine"],
                     volumeMounts=mount), "name": "prepare"}]))
    yield pod("glibc-shared", spec([container("glibc"), {**container("python"), "name": "second"}],
                                   shareProcessNamespace=True))
    yield pod("glibc-probes", spec([container("glibc", readinessProbe={
        "exec": {"command": ["/bin/sh", "-c", "/bin/true probe"]}, "periodSeconds": 1})]))
    yield pod("glibc-missing", spec([container("glibc", command=["/no/such/program"])], "Never"))
    yield pod("glibc-readonly", spec([{**container("glibc", args=["exit", "0"]), "securityContext": {
        **RESTRICTED, "readOnlyRootFilesystem": True, "runAsUser": 12345, "runAsGroup": 54321}}], "Never"))


def all_workloads():
    for image in IMAGES:
        yield from of_image(image)
    yield from special()


if __name__ == "__main__":
    items = list(all_workloads())
    for item in items:
        item["metadata"]["namespace"] = sys.argv[1]
    json.dump({"apiVersion": "v1", "kind": "List", "items": items}, sys.stdout)
