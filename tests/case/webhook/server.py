"""server.py - farguard-webhook as the tests start it and talk to it."""

import atexit
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
BUILD = os.path.join(ROOT, os.environ.get("FARGUARD_BUILD") or "build/" + os.environ.get("FARGUARD_MODE", "release"))
PROGRAM = os.path.join(BUILD, "bin", "farguard-webhook")
NAME = "farguard-webhook.farguard.svc"


def within(seconds, condition):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    return condition()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Webhook:
    def __init__(self, api, work, *args, ready=True, token=None, config=None):
        self.addresses = f'server: {{listen: "127.0.0.1:{free_port()}", metrics: "127.0.0.1:{free_port()}"}}\n'
        if not config:
            config = os.path.join(work, f"config-{time.monotonic_ns()}.yaml")
            with open(config, "w", encoding="utf-8") as file:
                file.write(self.addresses)
        self.config = config
        args = ["--config", config, "--api-server", f"http://127.0.0.1:{api.port}", "--namespace", "farguard", *args]
        if token:
            args += ["--token-file", token]
        self.lines, self.raw = [], []
        self.process = subprocess.Popen([PROGRAM, *args], stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        atexit.register(self.process.kill)  # whatever a test raises
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        first = within(10, lambda: self.line("listening"))
        assert first, f"it does not listen: {self.raw}"
        self.port = int(first["admission"].rsplit(":", 1)[1])
        self.metrics_port = int(first["metrics"].rsplit(":", 1)[1])
        if ready:
            assert within(10, lambda: self.get("/readyz")[0] == 200), f"not ready: {self.raw}"

    def read(self):
        for line in self.process.stderr:
            self.raw.append(line)
            try:
                self.lines.append(json.loads(line))
            except ValueError:
                pass

    def line(self, message):
        return next((line for line in list(self.lines) if line.get("msg") == message), None)

    def connect(self, api=None, timeout=20, bundle=None):
        bundle = api.text("ca.crt") if api else bundle
        context = ssl.create_default_context(cadata=bundle) if bundle else ssl._create_unverified_context()
        raw = socket.create_connection(("127.0.0.1", self.port), timeout=timeout)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        connection.sock = context.wrap_socket(raw, server_hostname=NAME)
        return connection

    def ask(self, method, path, body=None, headers=None, api=None):
        connection = self.connect(api)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read(), answer
        finally:
            connection.close()

    def get(self, path):
        return self.ask("GET", path)[:2]

    def review(self, body, api=None):
        status, text, _ = self.ask("POST", "/mutate?timeout=3s", body, {"Content-Type": "application/json"}, api)
        return status, json.loads(text) if status == 200 else text

    def reason(self, namespace):
        status, answer = self.review(review(namespace))
        return answer["response"]["auditAnnotations"]["reason"] if status == 200 else status

    def peak_kib(self):
        """The most memory that it ever had."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmHWM:"))

    def metrics(self, path="/metrics"):
        connection = http.client.HTTPConnection("127.0.0.1", self.metrics_port, timeout=10)
        connection.request("GET", path)
        text = connection.getresponse().read().decode()
        connection.close()
        return text

    def metric(self, series):
        """The value of one series, as a number; None when it is not there."""
        lines = [line for line in self.metrics().splitlines() if line.startswith(series + " ")]
        return float(lines[0].rsplit(" ", 1)[1]) if lines else None

    def end(self, which=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(which)
        try:
            status = self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        self.reader.join(5)
        return status


def review(namespace, pod=None, **more):
    pod = pod or {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "web", "image": "nginx"}]}}
    return json.dumps({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {"uid": "00000000-0000-4000-8000-000000000001", "operation": "CREATE", "namespace": namespace,
                    "kind": {"group": "", "version": "v1", "kind": "Pod"}, "object": pod, **more}}).encode()
