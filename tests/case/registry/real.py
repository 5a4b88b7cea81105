"""real.py - Debian's docker-registry: open, and behind TLS with a password."""

import http.client
import os
import shutil
import socket
import ssl
import subprocess
import time
import urllib.parse

from asker import Asker, auths
from image import DOCKER, OCI, Image, Index, digest

PROGRAM = shutil.which("docker-registry")
HTPASSWD = "puller:$2b$05$Htd3Mes1UEExYdi7P7lGkuVo1u8sgyq7dxz7UAU6Jq99drafaYAaW\n"  # "secret"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Registry:
    """docker-registry; `secured` gives it a certificate and a password file."""

    def __init__(self, work, secured=False):
        self.port, self.secured = free_port(), secured
        self.dir = os.path.join(work, f"registry-{self.port}")
        os.makedirs(self.dir)
        self.ca = os.path.join(self.dir, "tls.crt")
        text = (f"version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\n"
                f"storage: {{filesystem: {{rootdirectory: {self.dir}/data}}, delete: {{enabled: true}}}}\n"
                f"http:\n  addr: 127.0.0.1:{self.port}\n")
        if secured:
            self.secure()
            text += (f"  tls: {{certificate: {self.ca}, key: {self.dir}/tls.key}}\n"
                     f"auth: {{htpasswd: {{realm: farguard, path: {self.dir}/htpasswd}}}}\n")
        with open(os.path.join(self.dir, "config.yml"), "w", encoding="utf-8") as file:
            file.write(text)
        self.log = open(os.path.join(self.dir, "log"), "wb")
        self.process = subprocess.Popen([PROGRAM, "serve", os.path.join(self.dir, "config.yml")], stdout=self.log, stderr=self.log)
        end = time.monotonic() + 20
        while time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                break
            except OSError:
                time.sleep(0.05)

    def secure(self):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost", "-keyout", f"{self.dir}/tls.key", "-out", self.ca],
                       check=True, capture_output=True)
        with open(os.path.join(self.dir, "htpasswd"), "w", encoding="ascii") as file:
            file.write(HTPASSWD)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def call(self, method, path, body=None, **headers):
        if self.secured:
            connection = http.client.HTTPSConnection("localhost", self.port, context=ssl.create_default_context(cafile=self.ca))
            headers["Authorization"] = "Basic cHVsbGVyOnNlY3JldA=="
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:200]}")
        return answer

    def push(self, repository, image, tag=None):
        for one in image.images if isinstance(image, Index) else ():
            self.push(repository, one)
        for name, blob in getattr(image, "blobs", {}).items():
            to = urllib.parse.urlsplit(self.call("POST", f"/v2/{repository}/blobs/uploads/", b"").headers["Location"])
            self.call("PUT", f"{to.path}?{to.query}&digest={urllib.parse.quote(name)}", blob, Content_Type="application/octet-stream")
        self.call("PUT", f"/v2/{repository}/manifests/{tag or image.digest}", image.manifest, Content_Type=image.type)


def test_open(report, work):
    registry = Registry(work)
    host = "registry.test:5000"
    asker = Asker({host: f"http://127.0.0.1:{registry.port}", "docker.io": f"http://127.0.0.1:{registry.port}"})
    try:
        web = Image(["/usr/bin/web", "--flag=a b"], ["serve", ""], ["PATH=/", "LD_PRELOAD=/usr/lib/libjemalloc.so.2"])
        registry.push("shop/web", web, "1")
        answer = asker.find(f"{host}/shop/web:1")
        report((answer["error"], answer["entrypoint"], answer["cmd"], answer["ldPreload"]) ==
               (None, ["/usr/bin/web", "--flag=a b"], ["serve", ""], "/usr/lib/libjemalloc.so.2"),
               "an OCI image by its tag: entrypoint, command and LD_PRELOAD", answer)
        answer = asker.find(f"{host}/shop/web:1@{web.digest}")
        report(answer["entrypoint"] == ["/usr/bin/web", "--flag=a b"], "and by its digest", answer)
        registry.push("docker", Image(None, ["/bin/sh"], types=DOCKER), "latest")
        answer = asker.find(f"{host}/docker")
        report((answer["entrypoint"], answer["cmd"], answer["ldPreload"]) == (None, ["/bin/sh"], None),
               "an image of Docker's types, the tag left out", answer)
        for name, types in (("oci", OCI), ("docker", DOCKER)):
            many = Index(Image(["/arm"], architecture="arm64", types=types), Image(["/amd"], types=types), types=types)
            registry.push(f"many-{name}", many, "v1")
            answer = asker.find(f"{host}/many-{name}:v1")
            report(answer["entrypoint"] == ["/amd"], f"{name}: an index leads to linux/amd64", answer)
            answer = asker.find(f"{host}/many-{name}@{many.digest}")
            report(answer["entrypoint"] == ["/amd"], f"{name}: and so by its digest", answer)
            answer = asker.find(f"{host}/many-{name}@{many.images[0].digest}")
            report(answer["error"] == "EOPNOTSUPP", f"{name}: a manifest for arm64 is none for us", answer)
        registry.push("library/nginx", Image(["/docker-entrypoint.sh"], ["nginx"]), "1.25")
        answer = asker.find("nginx:1.25")
        report(answer["entrypoint"] == ["/docker-entrypoint.sh"], "a name without a host, at the endpoint given for docker.io", answer)
        answer = asker.find(f"{host}/shop/none:1")
        report(answer["error"] == "ENOENT" and "404" in answer["text"], "a repository that is not there", answer)
        answer = asker.find(f"{host}/shop/web@{digest(b'other')}")
        report(answer["error"] == "ENOENT", "a digest that is not there", answer)
        registry.push("shop/web", Image(["/usr/bin/web2"]), "1")
        answer = asker.find(f"{host}/shop/web:1")
        report(answer["entrypoint"] == ["/usr/bin/web", "--flag=a b"], "a tag is kept for a minute", answer)
        asker.skip(61)
        answer = asker.find(f"{host}/shop/web:1")
        report(answer["entrypoint"] == ["/usr/bin/web2"], "then what it names now is found", answer)
        asker.skip(61)
        answer = asker.find(f"{host}/shop/web:1")
        report(answer["entrypoint"] == ["/usr/bin/web2"], "and still is when it did not move", answer)
    finally:
        report(asker.close() == 0, "it ends well")
        registry.close()


def test_secured(report, work):
    registry = Registry(work, secured=True)
    host, other = "private.test", "127.0.0.1:1"
    registry.push("team/app", Image(["/app"]), "1")
    endpoints = {host: f"https://localhost:{registry.port}"}
    good, bad = auths(**{host: ("puller", "secret")}), auths(**{host: ("puller", "wrong")})
    asker = Asker(endpoints, ca_file=registry.ca)
    try:
        answer = asker.find(f"{host}/team/app:1")
        report(answer["error"] == "EACCES" and "no credential fits" in answer["text"], "TLS and a password: refused without one", answer)
        answer = asker.find(f"{host}/team/app:1", bad)
        report(answer["error"] == "EACCES" and "wrong" not in answer["text"], "refused with a wrong one, which is not told", answer)
        answer = asker.find(f"{host}/team/app:1", good)
        report(answer["entrypoint"] == ["/app"], "found with the right one at once: a failure is of its credentials", answer)
        answer = asker.find(f"{host}/team/app:1")
        report(answer["error"] == "EACCES", "who brings no password gets no answer that another's password brought", answer)
        answer = asker.find(f"{host}/team/app:1", bad)
        report(answer["error"] == "EACCES", "nor with a wrong password", answer)
        answer = asker.find(f"{host}/team/app:1", bad, good)
        report(answer["entrypoint"] == ["/app"], "two secrets for one registry: the second is tried too", answer)
        answer = asker.find(f"{host}/team/app:1", bad, auths(**{f"{host}/other": ("x", "y"), "*.test": ("puller", "secret")}))
        report(answer["entrypoint"] == ["/app"], "a glob is tried after the name, another folder's not at all", answer)
        answer = asker.find(f"{host}/team/app:1", ("cfg", {f"https://{host}/v2/": {"auth": "cHVsbGVyOnNlY3JldA=="}}))
        report(answer["entrypoint"] == ["/app"], "a .dockercfg", answer)
        answer = asker.find(f"{host}/team/app:1", {"auths": {host: {"identitytoken": "t"}}})
        report(answer["error"] == "EACCES" and "identitytoken" in answer["text"], "an identitytoken is passed over, and that is said", answer)
        answer = asker.find(f"{host}/team/app:1", "no JSON {", good)
        report(answer["entrypoint"] == ["/app"], "a secret that is none keeps no other from being tried", answer)
        answer = asker.find(f"{host}/team/app:1", auths(**{other: ("puller", "secret")}))
        report(answer["error"] == "EACCES", "the secret of another registry is not sent", answer)
    finally:
        report(asker.close() == 0, "it ends well")
    asker = Asker(endpoints)
    answer = asker.find(f"{host}/team/app:1", good)
    report(answer["error"] == "EPROTO", "a certificate that nobody vouches for", answer)
    report(asker.close() == 0, "it ends well")
    registry.close()


def test(report, skip, work):
    if not PROGRAM:
        skip("docker-registry", "docker-registry is not installed")
        return
    test_open(report, work)
    test_secured(report, work)
