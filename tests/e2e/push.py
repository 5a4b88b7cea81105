#!/usr/bin/python3
"""push.py HOST:PORT CA-FILE USER:PASSWORD ARCHIVE NAME:TAG - an OCI archive into a registry, over TLS."""

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

    def call(self, method, path, body=b"", kind="application/octet-stream"):
        conn = http.client.HTTPSConnection(self.place, context=self.context, timeout=30)
        conn.request(method, path, body, {"Authorization": self.login, "Content-Type": kind})
        answer = conn.getresponse()
        text = answer.read()
        conn.close()
        if answer.status >= 300:
            raise SystemExit(f"push.py: {method} {path}: {answer.status} {text[:200].decode()}")
        return answer

    def blob(self, name, digest, content):
        at = urllib.parse.urlsplit(self.call("POST", f"/v2/{name}/blobs/uploads/").getheader("Location"))
        self.call("PUT", f"{at.path}?{at.query}&digest={digest}", content)


def main():
    registry = Registry(*sys.argv[1:4])
    name, tag = sys.argv[5].rsplit(":", 1)
    with tarfile.open(sys.argv[4]) as archive:
        def read(digest):
            return archive.extractfile("blobs/" + digest.replace(":", "/")).read()
        entry = json.load(archive.extractfile("index.json"))["manifests"][0]
        manifest = read(entry["digest"])
        for part in [json.loads(manifest)["config"], *json.loads(manifest)["layers"]]:
            registry.blob(name, part["digest"], read(part["digest"]))
    registry.call("PUT", f"/v2/{name}/manifests/{tag}", manifest, entry["mediaType"])
    print(entry["digest"])


if __name__ == "__main__":
    main()
