#!/usr/bin/env python3
"""archive.py BUILD SOURCES TAG OUTPUT - the images of catalog.py as one OCI archive, its layers shared.

BUILD (build/images) has the root file systems base and zoo, and what was compiled; SOURCES is hack/images.
Nothing is compressed: the archive is read once, by a container runtime on the same machine.
"""
import hashlib
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import catalog

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
# One time and no names of users: the same input gives the same digest.
TAR = ["tar", "--sort=name", "--mtime=@0", "--numeric-owner", "--format=posix", "--pax-option=delete=atime,delete=ctime"]


class Layout:
    """An OCI image layout in a directory: blobs, and an index of what has a name."""

    def __init__(self, root):
        self.root, self.index = root, []
        (root / "blobs/sha256").mkdir(parents=True)

    def descriptor(self, media_type, path, digest):
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": path.stat().st_size}

    def json_blob(self, media_type, content):
        text = json.dumps(content, separators=(",", ":")).encode()
        digest = hashlib.sha256(text).hexdigest()
        path = self.root / "blobs/sha256" / digest
        path.write_bytes(text)
        return self.descriptor(media_type, path, digest)

    def layer(self, directory, *options):
        """A directory as a layer; what is in its ./dev is the runtime's business."""
        path = self.root / "layer"
        subprocess.run([*TAR, *options, "-C", directory, "--exclude=./dev/*", "-cf", path, "."], check=True)
        with path.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        path.rename(self.root / "blobs/sha256" / digest)
        return self.descriptor(LAYER, self.root / "blobs/sha256" / digest, digest)

    def image(self, reference, config, layers):
        described = self.json_blob(CONFIG, {"architecture": "amd64", "os": "linux", "config": config, "rootfs": {
            "type": "layers", "diff_ids": [layer["digest"] for layer in layers]}})
        manifest = self.json_blob(MANIFEST, {"schemaVersion": 2, "mediaType": MANIFEST, "config": described, "layers": layers})
        manifest["annotations"] = {"io.containerd.image.name": reference, "org.opencontainers.image.ref.name": reference.rsplit(":", 1)[1]}
        self.index.append(manifest)

    def write(self, output):
        (self.root / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
        (self.root / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": self.index}))
        subprocess.run([*TAR, "-C", self.root, "-cf", output, "oci-layout", "index.json", "blobs"], check=True)


def libraries(program):
    """What a program is loaded with, its loader included."""
    said = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
    return sorted({word for word in said.split() if word.startswith("/")})


def put(source, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        shutil.copyfile(source, target)
        target.chmod(0o755 if source.stat().st_mode & 0o100 else 0o644)


def files_of(image, build, sources, root):
    """The image's own files, in `root`."""
    root.chmod(0o755)
    for place, source in image.files.items():
        if source == "libraries":
            for library in libraries(build / "zoo" / image.name):
                put(pathlib.Path(library), root / library[1:])
        else:
            put(build / source[6:] if source.startswith("build:") else sources / source, root / place)


def config_of(image):
    config = {"User": image.user, "Env": list(image.env), "WorkingDir": image.workdir}
    if not any(variable.startswith("PATH=") for variable in image.env):
        config["Env"].insert(0, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    optional = {"Entrypoint": list(image.entrypoint), "Cmd": list(image.cmd), "StopSignal": image.stop}
    return config | {key: value for key, value in optional.items() if value}


def main():
    build, sources, tag, output = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3], pathlib.Path(sys.argv[4])
    with tempfile.TemporaryDirectory(dir=build) as work:
        layout, shared = Layout(pathlib.Path(work) / "layout"), {}
        for image in catalog.IMAGES.values():
            if image.archive is None:
                continue
            for name in image.archive:
                if name not in shared:
                    shared[name] = layout.layer(build / "root" / name)
            with tempfile.TemporaryDirectory(dir=work) as root:
                files_of(image, build, sources, pathlib.Path(root))
                own = layout.layer(root, "--owner=0", "--group=0")
            layout.image(f"farguard.test/sample-{image.name}:{tag}", config_of(image), [*(shared[n] for n in image.archive), own])
        layout.write(output)


if __name__ == "__main__":
    main()
