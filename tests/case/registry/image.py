"""image.py - images as registries hold them, made by hand: configurations, manifests, indexes."""

import hashlib
import json

OCI = {"index": "application/vnd.oci.image.index.v1+json", "manifest": "application/vnd.oci.image.manifest.v1+json",
       "config": "application/vnd.oci.image.config.v1+json", "layer": "application/vnd.oci.image.layer.v1.tar+gzip"}
DOCKER = {"index": "application/vnd.docker.distribution.manifest.list.v2+json",
          "manifest": "application/vnd.docker.distribution.manifest.v2+json",
          "config": "application/vnd.docker.container.image.v1+json",
          "layer": "application/vnd.docker.image.rootfs.diff.tar.gzip"}
LAYER = b"no layer is ever asked for"


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def descriptor(type_, data):
    return {"mediaType": type_, "size": len(data), "digest": digest(data)}


class Image:
    """One image: its manifest, and the blobs that it names."""

    def __init__(self, entrypoint=None, cmd=None, env=None, architecture="amd64", types=OCI, config=None, **more):
        self.types = types
        self.architecture = architecture
        if config is None:
            config = json.dumps({"os": "linux", "architecture": architecture, "rootfs": {"type": "layers", "diff_ids": []},
                                 "config": {"Entrypoint": entrypoint, "Cmd": cmd, "Env": env or ["PATH=/bin"]}}).encode()
        self.config = config
        self.type = types["manifest"]
        self.manifest = json.dumps({"schemaVersion": 2, "mediaType": self.type, "config": descriptor(types["config"], config),
                                    "layers": [descriptor(types["layer"], LAYER)], **more}).encode()
        self.digest = digest(self.manifest)
        self.blobs = {digest(config): config, digest(LAYER): LAYER}


class Index:
    """A list of images, one a platform."""

    def __init__(self, *images, types=OCI):
        self.images = images
        self.type = types["index"]
        self.manifest = json.dumps({"schemaVersion": 2, "mediaType": self.type, "manifests": [
            {**descriptor(i.type, i.manifest), "platform": {"os": "linux", "architecture": getattr(i, "architecture", "amd64")}}
            for i in images]}).encode()
        self.digest = digest(self.manifest)
