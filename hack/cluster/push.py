#!/usr/bin/env python3
"""push.py HOST:PORT CA-FILE USER:PASSWORD ARCHIVE - an OCI archive's images into a registry, over TLS.

FIRST/NAME:TAG becomes HOST:PORT/NAME:TAG.  Prints "HOST:PORT/NAME:TAG DIGEST" for each image.
"""

import base64
import http.client
import json
import ssl
import sys
import tarfile
import urllib.parse


class Registry:
    def __init__(self, place, authority, login):
        self.place, self.context = place, ssl.create_default_context(cafile=authority)
        self.login = "Basic " + base64.b64encode(login.encode()).decode()

    def call(self, method, path, body=b"", kind="application/octet-stream", **headers):
        conn = http.client.HTTPSConnection(self.place, context=self.context, timeout=30)
        conn.request(method, path, body, {"Authorization": self.login, "Content-Type": kind, **headers})
        answer = conn.getresponse()
        text = answer.read()
        conn.close()
        if answer.status >= 300:
            raise SystemExit(f"push.py: {method} {path}: {answer.status} {text[:200].decode()}")
        return answer

    def blob(self, name, described, content):
        at = urllib.parse.urlsplit(self.call("POST", f"/v2/{name}/blobs/uploads/").getheader("Location"))
        self.call("PUT", f"{at.path}?{at.query}&digest={described['digest']}", content, **{"Content-Length": str(described["size"])})


def reference_of(entry):
    """The image's full name: ours and containerd's archives have it in one annotation, buildah's in the other."""
    notes = entry.get("annotations", {})
    return notes.get("io.containerd.image.name") or notes["org.opencontainers.image.ref.name"]


def main():
    registry = Registry(*sys.argv[1:4])
    with tarfile.open(sys.argv[4]) as archive:
        def content(digest):
            return archive.extractfile("blobs/" + digest.replace(":", "/"))
        for entry in json.load(archive.extractfile("index.json"))["manifests"]:
            name, tag = reference_of(entry).split("/", 1)[1].rsplit(":", 1)
            manifest = content(entry["digest"]).read()
            for part in [json.loads(manifest)["config"], *json.loads(manifest)["layers"]]:
                registry.blob(name, part, content(part["digest"]))
            registry.call("PUT", f"/v2/{name}/manifests/{tag}", manifest, entry["mediaType"])
            print(f"{registry.place}/{name}:{tag}", entry["digest"])


if __name__ == "__main__":
    main()
