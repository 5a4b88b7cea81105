#!/usr/bin/python3
"""certificate_test.py - farguard-webhook's certificate: changed while it serves, its own and the one of cert-manager.

An API server on loopback stands for the real one, cert-manager's two programs are played.  TAP on stdout.  FARGUARD_BUILD
names the build directory, else FARGUARD_MODE the mode (release).
"""

import base64
import os
import ssl
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "webhook"))
from api import Api  # pylint: disable=wrong-import-position
from server import NAME, Webhook, free_port, review, within  # pylint: disable=wrong-import-position
from tap import end, report


def encode(text):
    return base64.b64encode(text.encode()).decode()


class Caller:
    """Calls as the API server does: each time by a new connection that is held to the caBundle of the moment."""

    def __init__(self, api, webhook):
        self.api, self.webhook, self.over, self.failed, self.count = api, webhook, False, [], 0
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        kept = self.webhook.connect()
        while not self.over:
            try:
                self.call(self.webhook.connect(bundle=base64.b64decode(self.api.bundles()[0]).decode()))
                self.call(kept)
                self.count += 2
            except (OSError, ssl.SSLError) as error:
                self.failed.append(error)
        kept.close()

    @staticmethod
    def call(connection):
        connection.request("POST", "/mutate", review("shop"), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200 or b'"patch"' not in body:
            raise OSError(f"{answer.status} {body[:80]}")

    def end(self):
        self.over = True
        self.thread.join()


def served(webhook):
    return ssl.get_server_certificate(("127.0.0.1", webhook.port)).strip()


def test_own(api, work):
    webhook = Webhook(api, work, "--drain-seconds", "0")
    caller = Caller(api, webhook)
    first, ca = served(webhook), api.text("ca.crt")
    with api.lock:
        del api.secret["data"]["tls.crt"]
    report(within(20, lambda: served(webhook) != first), "a certificate that is gone from the Secret is made anew while it serves")
    with api.lock:
        del api.secret["data"]["ca.key"]
    second = served(webhook)
    report(within(20, lambda: api.text("ca.crt") != ca and served(webhook) != second), "so is an authority", webhook.raw[-3:])
    report(served(webhook) == api.text("tls.crt").strip() and base64.b64decode(api.bundles()[0]).decode() == api.text("ca.crt")
           and api.text("ca.crt").endswith(ca), "the caBundle has the new one, then the old one")
    caller.end()
    report(not caller.failed and caller.count > 20, "no call failed meanwhile, on a kept connection or a new one",
           (caller.failed[:3], caller.count))
    told = [l["msg"] for l in webhook.lines if l.get("msg") in ("authority made", "caBundle written", "certificate served")]
    report(told[-3:] == ["authority made", "caBundle written", "certificate served"], "the API server is told first", told)
    with api.lock:
        for entry in api.config["webhooks"]:
            entry["clientConfig"]["caBundle"] = encode("garbage")
    report(within(20, lambda: base64.b64decode(api.bundles()[1]).decode() == api.text("ca.crt")), "a caBundle that something resets is repaired")
    report(webhook.end() == 0, "it ends as ever")


class Issuer:
    """An authority and its certificates, by openssl."""

    def __init__(self, work, name):
        self.base = os.path.join(work, name)
        self.run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.base + ".key",
                 "-subj", "/CN=" + name, "-days", "2", "-out", self.base + ".crt")
        self.ca = self.read(".crt")

    @staticmethod
    def run(*args):
        subprocess.run(["openssl", *args], check=True, capture_output=True)

    def read(self, tail):
        with open(self.base + tail, encoding="ascii") as file:
            return file.read()

    def issue(self, name=NAME):
        self.run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.base + ".leaf.key",
                 "-subj", "/CN=leaf", "-addext", "subjectAltName=DNS:" + name, "-out", self.base + ".csr")
        self.run("x509", "-req", "-in", self.base + ".csr", "-CA", self.base + ".crt", "-CAkey", self.base + ".key", "-days", "1",
                 "-copy_extensions", "copy", "-out", self.base + ".leaf.crt")
        return self.read(".leaf.crt"), self.read(".leaf.key")


def put_secret(api, leaf, ca):
    with api.lock:
        api.secret["type"] = "kubernetes.io/tls"
        api.secret["data"] = {"tls.crt": encode(leaf[0]), "tls.key": encode(leaf[1]), "ca.crt": encode(ca)}
        api.stamp(api.secret)


def put_bundle(api, *pems):
    with api.lock:
        for entry in api.config["webhooks"]:
            entry["clientConfig"]["caBundle"] = encode("".join(pems))
        api.stamp(api.config)


def test_lent(api, work):
    first, second = Issuer(work, "first"), Issuer(work, "second")
    path = os.path.join(work, "lent.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f'server: {{listen: "127.0.0.1:{free_port()}", metrics: "127.0.0.1:{free_port()}"}}\ntls: {{source: cert-manager}}\n')
    with api.lock:
        api.secret["data"] = {}
        for entry in api.config["webhooks"]:
            entry["clientConfig"].pop("caBundle", None)
        api.calls.clear()
    webhook = Webhook(api, work, "--drain-seconds", "0", config=path, ready=False)
    report(within(10, lambda: any("waiting for cert-manager" in l.get("error", "") for l in list(webhook.lines)))
           and webhook.get("/readyz")[0] == 503, "before cert-manager has issued it waits, and says so", webhook.raw[-2:])
    leaf = first.issue()
    put_secret(api, leaf, first.ca)
    report(within(20, lambda: served(webhook) == leaf[0].strip()), "what cert-manager issues is served", webhook.raw[-2:])
    status, why = webhook.get("/readyz")
    report(status == 503 and b"does not vouch" in why, "without a caBundle that vouches for it it is not ready", (status, why))
    put_bundle(api, second.ca)
    report(webhook.get("/readyz")[0] == 503, "nor with another's")
    put_bundle(api, first.ca)
    report(within(10, lambda: webhook.get("/readyz")[0] == 200), "cainjector writes the caBundle: ready", webhook.raw[-2:])

    caller = Caller(api, webhook)
    leaf = first.issue()
    put_secret(api, leaf, first.ca)
    report(within(20, lambda: served(webhook) == leaf[0].strip()), "a renewed certificate is served soon", webhook.raw[-2:])
    renewed = second.issue()
    put_secret(api, renewed, second.ca)
    put_bundle(api, second.ca, first.ca)
    report(within(20, lambda: served(webhook) == renewed[0].strip()), "one of another authority too, with both in the caBundle")
    caller.end()
    report(not caller.failed and caller.count > 20, "no call failed meanwhile", (caller.failed[:3], caller.count))

    put_bundle(api, second.ca)
    leaf = first.issue()
    put_secret(api, leaf, first.ca)
    report(not within(12, lambda: served(webhook) == leaf[0].strip()) and webhook.get("/readyz")[0] == 200,
           "one that the caBundle does not vouch for yet is not served", webhook.raw[-3:])
    put_bundle(api, first.ca)
    report(within(10, lambda: served(webhook) == leaf[0].strip()), "but as soon as it does", webhook.raw[-3:])

    for name, bad in (("garbage", ("garbage", "garbage")), ("another's key", (leaf[0], second.issue()[1])),
                      ("another's name", first.issue("other.farguard.svc"))):
        put_secret(api, bad, first.ca)
        count = len(webhook.lines)
        report(within(20, lambda: any("waiting for cert-manager" in l.get("error", "") for l in webhook.lines[count:]))  # pylint: disable=cell-var-from-loop
               and served(webhook) == leaf[0].strip() and webhook.get("/readyz")[0] == 200, f"{name} in the Secret: the old one is served on",
               webhook.raw[-2:])
    put_secret(api, (leaf[0] + first.ca, leaf[1]), first.ca)
    report(within(20, lambda: sum(l.get("msg") == "certificate served" for l in webhook.lines) == 5), "a chain is taken as well", webhook.raw[-3:])
    report(webhook.connect(bundle=first.ca) is not None, "and served")
    put_bundle(api, second.ca)
    report(within(20, lambda: webhook.get("/readyz")[0] == 503), "a caBundle that stops vouching takes readiness away", webhook.raw[-2:])
    writes = {call for call in api.calls if call[0] in ("PUT", "PATCH") and "/events" not in call[1]}
    report(not writes, "in all this it has written nothing", writes)
    report(webhook.end() == 0, "it ends as ever")


def main():
    api = Api()
    api.put_namespace("shop", {"farguard.io/inject": "enabled"})
    with tempfile.TemporaryDirectory() as work:
        test_own(api, work)
        test_lent(api, work)
    api.stop()
    sys.exit(end())


main()
