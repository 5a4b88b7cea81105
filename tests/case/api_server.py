"""api_server.py - a Kubernetes API server of a test's own, with etcd: the programs of hack/cluster.sh, on loopback.

No kubelet and no controllers: pods stay as they were made, and what a controller would write (a quota's status, a
namespace's service account) the test writes itself.  Ends with the `with` block.
"""

import base64
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
KUBE = os.path.join(ROOT, "build/cluster/kube")
START_SECONDS = 120


def missing():
    """Why there can be none, or "" when there can."""
    return "" if os.access(KUBE, os.X_OK) else "no build/cluster/kube (hack/cluster.sh build)"


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


class ApiServer:
    def __init__(self):
        self.work = tempfile.TemporaryDirectory(prefix="farguard-api-")
        self.dir = self.work.name
        self.processes = []
        self.port = 0

    def __enter__(self):
        try:
            self.make_keys()
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.send_signal(signal.SIGKILL)
            process.wait()
        self.processes = []
        self.work.cleanup()

    def path(self, name):
        return os.path.join(self.dir, name)

    def text(self, name):
        with open(self.path(name), encoding="utf-8") as f:
            return f.read()

    def openssl(self, *args):
        subprocess.run(["openssl", *args], check=True, capture_output=True, cwd=self.dir)

    def issue(self, name, subject, names):
        """A key and a certificate of the authority, as NAME.key and NAME.crt."""
        with open(self.path(name + ".ext"), "w", encoding="utf-8") as f:
            f.write(f"subjectAltName={names}\nextendedKeyUsage=serverAuth,clientAuth\n")
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", name + ".key",
                     "-out", name + ".csr", "-subj", subject)
        self.openssl("x509", "-req", "-in", name + ".csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
                     "-days", "2", "-extfile", name + ".ext", "-out", name + ".crt")

    def make_keys(self):
        for name in ("ca", "other"):
            self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                         name + ".key", "-out", name + ".crt", "-days", "2", "-subj", "/CN=" + name)
        self.issue("server", "/CN=kube-apiserver", "DNS:kubernetes.default,IP:127.0.0.1")
        self.issue("admin", "/O=system:masters/CN=admin", "DNS:admin")
        self.openssl("genrsa", "-out", "sa.key", "2048")
        self.openssl("rsa", "-in", "sa.key", "-pubout", "-out", "sa.pub")

    def run(self, program, *args):
        with open(self.path(program + ".log"), "ab") as log:
            self.processes.append(subprocess.Popen([KUBE, program, *args], stdin=subprocess.DEVNULL, stdout=log,
                                                   stderr=log, cwd=self.dir, start_new_session=True))

    def start(self):
        client, peer, self.port = free_ports(3)
        etcd, at = f"http://127.0.0.1:{client}", f"http://127.0.0.1:{peer}"
        self.run("etcd", "--data-dir", "etcd", "--listen-client-urls", etcd, "--advertise-client-urls", etcd,
                 "--listen-peer-urls", at, "--initial-advertise-peer-urls", at, "--initial-cluster", f"default={at}",
                 "--unsafe-no-fsync", "--log-level", "warn")
        self.run("kube-apiserver", "--etcd-servers=" + etcd, "--bind-address=127.0.0.1", f"--secure-port={self.port}",
                 "--advertise-address=127.0.0.1",  # else it wants a default route
                 "--service-cluster-ip-range=10.96.0.0/16", "--endpoint-reconciler-type=none",
                 "--tls-cert-file=server.crt", "--tls-private-key-file=server.key", "--client-ca-file=ca.crt",
                 "--service-account-key-file=sa.pub", "--service-account-signing-key-file=sa.key",
                 "--service-account-issuer=https://kubernetes.default.svc", "--authorization-mode=RBAC",
                 "--disable-admission-plugins=ServiceAccount", "--shutdown-delay-duration=0")
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                if self.request("GET", "/readyz", raw=True)[0] == 200:
                    break
            except OSError:
                pass
            if time.monotonic() > end or any(p.poll() is not None for p in self.processes):
                raise RuntimeError("the API server did not start: " + self.text("kube-apiserver.log")[-1500:])
            time.sleep(0.2)

    @property
    def url(self):
        return f"https://127.0.0.1:{self.port}"

    def connect(self):
        context = ssl.create_default_context(cafile=self.path("ca.crt"))
        context.load_cert_chain(self.path("admin.crt"), self.path("admin.key"))
        return http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=60)

    def request(self, method, path, body=None, kind="application/json", connection=None, raw=False):
        """Status and answer, as the administrator."""
        used = connection or self.connect()
        used.request(method, path, None if body is None else json.dumps(body), {"Content-Type": kind})
        response = used.getresponse()
        text = response.read()
        if not connection:
            used.close()
        return response.status, text if raw else json.loads(text)

    def create(self, path, body, connection=None):
        status, answer = self.request("POST", path, body, connection=connection)
        if status not in (200, 201):
            raise RuntimeError(f"POST {path}: {status}: {answer.get('message')}")
        return answer

    def admin_user(self):
        return {"client-certificate-data": base64.b64encode(self.text("admin.crt").encode()).decode(),
                "client-key-data": base64.b64encode(self.text("admin.key").encode()).decode()}

    def kubeconfig(self, name, user, **cluster):
        """Write a kubeconfig (JSON is YAML) and return its path; None takes a member of the cluster away."""
        whole = {"server": self.url, "certificate-authority": "ca.crt", **cluster}
        config = {"apiVersion": "v1", "kind": "Config", "current-context": "it",
                  "clusters": [{"name": "c", "cluster": {k: v for k, v in whole.items() if v is not None}}],
                  "users": [{"name": "u", "user": user}],
                  "contexts": [{"name": "it", "context": {"cluster": "c", "user": "u"}}]}
        with open(self.path(name), "w", encoding="utf-8") as f:
            json.dump(config, f)
        return self.path(name)
