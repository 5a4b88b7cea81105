#!/usr/bin/env python3
"""servers.py NAMESPACE IMAGE... - a pod that serves of each image of hack/images/catalog.py, as a List for kubectl."""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "hack/images"))
import catalog  # noqa: E402


def pod(namespace, image):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"served-{image.name}", "namespace": namespace}, "spec": {
        "automountServiceAccountToken": False, "terminationGracePeriodSeconds": 15,
        "containers": [{"name": "main", "image": image.reference, "imagePullPolicy": "Never", **image.to_serve()}]}}


if __name__ == "__main__":
    json.dump({"apiVersion": "v1", "kind": "List", "items": [pod(sys.argv[1], catalog.IMAGES[n]) for n in sys.argv[2:]]}, sys.stdout)
