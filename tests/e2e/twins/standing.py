#!/usr/bin/env python3
"""standing.py NAMESPACE - running Pods, IMAGE-always, for the parts that go into pods; for `kubectl apply -f -`."""
import json
import sys

import cases
from images import IMAGES

items = []
for name in ("glibc", "musl", "static", "python", "nginx", "busybox"):
    image = IMAGES[name]
    items += cases.pod(f"{name}-always", cases.spec("restricted", [cases.container(name, "restricted", **image.to_serve())]))
for item in items:
    item["metadata"]["namespace"] = sys.argv[1]
json.dump({"apiVersion": "v1", "kind": "List", "items": items}, sys.stdout)
