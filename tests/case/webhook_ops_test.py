#!/usr/bin/python3
"""webhook_ops_test.py - running farguard-webhook: its configuration changes under it, it asks for a pod by itself, it tells Events.

TAP on stdout.  FARGUARD_BUILD names the build directory, else FARGUARD_MODE the mode (release).
"""

import base64
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading

import jsonpatch

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "webhook"))
from api import Api  # pylint: disable=wrong-import-position
from server import PROGRAM, Webhook, free_port, review, within  # pylint: disable=wrong-import-position
from tap import end, report

GOOD = "farguard_config_last_reload_successful"
WHEN = "farguard_config_last_reload_success_timestamp_seconds"


class Mounted:
    """A directory as the kubelet mounts a ConfigMap: each version in one of its own, behind the link ..data."""

    def __init__(self, work, text):
        self.directory, self.version = os.path.join(work, "mounted"), 0
        os.mkdir(self.directory)
        self.path = os.path.join(self.directory, "farguard.yaml")
        self.put(text)
        os.symlink("..data/farguard.yaml", self.path)

    def put(self, text):
        self.version += 1
        os.mkdir(os.path.join(self.directory, f"..{self.version}"))
        with open(os.path.join(self.directory, f"..{self.version}", "farguard.yaml"), "w", encoding="utf-8") as file:
            file.write(text)
        link = os.path.join(self.directory, "..data_tmp")
        os.symlink(f"..{self.version}", link)
        os.rename(link, os.path.join(self.directory, "..data"))


def put(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


class Load:
    """Reviews from four connections, until asked to stop; what came back other than an answer is kept."""

    def __init__(self, webhook):
        self.webhook, self.over, self.wrong, self.count = webhook, False, [], 0
        self.threads = [threading.Thread(target=self.run) for _ in range(4)]
        for thread in self.threads:
            thread.start()

    def run(self):
        connection = self.webhook.connect()
        while not self.over:
            try:
                connection.request("POST", "/mutate", review("shop"), {"Content-Type": "application/json"})
                answer = connection.getresponse()
                if b'"allowed":true' not in answer.read() or answer.status != 200:
                    self.wrong.append(answer.status)
                self.count += 1
            except OSError as error:
                self.wrong.append(error)
                return
        connection.close()

    def end(self):
        self.over = True
        for thread in self.threads:
            thread.join()


def addresses():
    return f'server: {{listen: "127.0.0.1:{free_port()}", metrics: "127.0.0.1:{free_port()}"}}\n'


def lines(webhook, message):
    return [line for line in list(webhook.lines) if line.get("msg") == message]


def test_reload(api, work):
    server = addresses()
    mounted = Mounted(work, server)
    webhook = Webhook(api, work, "--drain-seconds", "0", config=mounted.path)
    report(webhook.metric(GOOD) == 1 and webhook.metric(WHEN) > 1.7e9, "the configuration of the start is a good one")
    report(webhook.metric("farguard_selfprobe_success") is None, "before the first self-probe nothing is claimed of it")
    report(webhook.reason("plain") == "not-opted-in", "by it the pod is not injected")
    load = Load(webhook)
    for value, want in (("enabled", "injected"), ("disabled", "not-opted-in"), ("enabled", "injected")):
        mounted.put(server + f"inject: {{default: {value}}}\n")
        report(within(5, lambda: webhook.reason("plain") == want), f"the kubelet's swap to default: {value} is seen")  # pylint: disable=cell-var-from-loop
    load.end()
    report(not load.wrong and load.count > 50, "and no review under way is lost by it", (load.wrong[:5], load.count))
    changes = [(line["key"], line["before"], line["after"]) for line in lines(webhook, "configuration key changed")]
    report(changes[0] == ("inject.default", "disabled", "enabled") and len(changes) >= 3, "each change is a line of the log", changes)

    mounted.put(server + "inject:\n  defualt: disabled\n")
    report(within(5, lambda: webhook.metric(GOOD) == 0), "a bad one is told by the metric")
    refused = lines(webhook, "configuration refused, the one before stays in force")
    report(len(refused) == 1 and refused[0]["level"] == "error"
           and refused[0]["error"].endswith('farguard.yaml:3:3: unknown key "defualt"; did you mean "default"?'),
           "and by one line of the log: file, line, column", refused)
    report(webhook.reason("plain") == "injected" and webhook.get("/readyz")[0] == 200, "the old one stays, and it stays ready")
    before = webhook.metric(WHEN)
    mounted.put(server + "inject: {default: enabled}\n")
    report(within(5, lambda: webhook.metric(GOOD) == 1) and webhook.metric(WHEN) >= before
           and lines(webhook, "configuration is again what is in force"), "taken back, all is well again", webhook.raw[-3:])

    mounted.put(addresses() + "inject: {default: enabled}\nagent: {heartbeatSeconds: 7}\n")
    report(within(5, lambda: {l["key"] for l in lines(webhook, "configuration key needs a restart")} ==
                  {"server.listen", "server.metrics"}), "keys that take a restart say so", webhook.raw[-5:])
    report(within(5, lambda: any(l["key"] == "agent.heartbeatSeconds" and l["after"] == "7"
                                 for l in lines(webhook, "configuration key changed"))), "the others beside them count")
    report(webhook.get("/readyz")[0] == 200, "and it listens where it did")
    report(webhook.end() == 0, "it ends as ever")


def test_plain_file(api, work):
    server, path = addresses(), os.path.join(work, "plain.yaml")
    enabled = server + "inject: {default: enabled}\n"
    put(path, server)
    webhook = Webhook(api, work, "--drain-seconds", "0", config=path)
    put(path, enabled)
    report(within(5, lambda: webhook.reason("plain") == "injected"), "a file that is written over is seen")
    put(path + ".new", server)
    os.rename(path + ".new", path)
    report(within(5, lambda: webhook.reason("plain") == "not-opted-in"), "a file that is replaced is seen")
    put(path, enabled)
    report(within(5, lambda: webhook.reason("plain") == "injected"), "and again")
    put(path, "")
    report(within(5, lambda: webhook.metric(GOOD) == 0) and webhook.reason("plain") == "injected",
           "a file that was truncated is no configuration of defaults", webhook.raw[-2:])
    os.unlink(path)
    report(within(5, lambda: any("No such file" in l["error"] for l in
                                 lines(webhook, "configuration refused, the one before stays in force")))
           and webhook.reason("plain") == "injected", "a file that is gone changes nothing else", webhook.raw[-2:])
    put(path, "x" * ((1 << 20) + 1))
    report(within(5, lambda: any("longer than" in l.get("error", "") for l in list(webhook.lines))), "nor does one of more than 1 MiB")
    os.unlink(path)
    os.mkfifo(path)
    report(within(5, lambda: any("no regular file" in l.get("error", "") for l in list(webhook.lines)))
           and webhook.reason("plain") == "injected", "nor a pipe in its place", webhook.raw[-2:])
    os.unlink(path)
    put(path, server)
    report(within(15, lambda: webhook.metric(GOOD) == 1 and webhook.reason("plain") == "not-opted-in"), "one that is back is taken",
           webhook.raw[-3:])
    count = len(webhook.raw)
    webhook.process.send_signal(signal.SIGHUP)
    report(webhook.get("/readyz")[0] == 200 and webhook.process.poll() is None, "SIGHUP ends nothing")
    report(webhook.end() == 0 and not any("configuration" in str(l) for l in webhook.raw[count:]),
           "and without a change says nothing", webhook.raw[count:])


def failed(words):
    return 500, {"kind": "Status", "message": f'Internal error occurred: failed calling webhook "selfprobe.farguard.io": {words}'}, {}


def test_probe(api, work):
    def reviewed(namespace, pod):
        """As the API server: by the webhook, whose patch is applied; warnings become headers."""
        answer = webhook.review(review(namespace, pod, dryRun=True), api)[1]["response"]
        patch = json.loads(base64.b64decode(answer.get("patch", "W10=")))
        warnings = {"Warning": f'299 - "{w}"'.replace("\n", " ") for w in answer.get("warnings", [])}
        return 201, jsonpatch.apply_patch(pod, patch), warnings

    asked = []
    api.create_pod = lambda namespace, pod: asked.append((namespace, pod)) or reviewed(namespace, pod)
    path = os.path.join(work, "probed.yaml")
    server = addresses() + "image: {reference: r.test/payload:1}\n"
    put(path, server)
    webhook = Webhook(api, work, "--drain-seconds", "0", "--probe-seconds", "1", config=path)
    report(within(10, lambda: webhook.metric("farguard_selfprobe_success") == 1), "a probe that comes back guarded: 1", webhook.raw[-3:])
    namespace, pod = asked[0]
    report(namespace == "farguard" and pod["spec"]["containers"][0]["image"] == "r.test/payload:1"
           and "app.kubernetes.io/name" not in pod["metadata"]["labels"], "it is in our namespace, with the image of guarded pods", pod)
    report(within(10, lambda: len(asked) > 3) and len(lines(webhook, "self-probe injected")) == 1,
           "it is asked again and again, and told once", webhook.raw[-3:])
    report(webhook.metric("farguard_selfprobe_timestamp_seconds") > 1.7e9, "the time of the last one is told")

    probe = [PROGRAM, "--probe", "--config", path, "--api-server", f"http://127.0.0.1:{api.port}", "--namespace", "farguard"]
    done = subprocess.run(probe, capture_output=True, timeout=20, check=False, text=True)
    report(done.returncode == 0 and "came back guarded" in done.stdout and not done.stderr, "--probe: exit 0", done)

    quota = 'exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1'
    for name, answer, status, words in (
            ("a webhook that is not reached", failed("failed to call webhook: context deadline exceeded"), 1, "context deadline exceeded"),
            ("a caBundle that is another's", failed("x509: certificate signed by unknown authority"), 1, "unknown authority"),
            ("a quota", (403, {"kind": "Status", "message": 'pods "x" is forbidden: ' + quota}, {}), 1, quota),
            ("an entry that is gone", (201, {"metadata": {}, "spec": {}}, {}), 1, "did not reach a webhook"),
            ("a label alone", (201, {"metadata": {"labels": {"farguard.io/injected": "true"}}, "spec": {}}, {}), 1, "without Farguard"),
            ("a pod that was skipped", (201, {"metadata": {}}, {"Warning": '299 - "farguard: limit-range: the \\"x\\" range"'}), 1,
             'limit-range: the "x" range'),
            ("another's warning", (201, {"metadata": {}}, {"Warning": '299 - "would violate"'}), 1, "did not reach a webhook"),
            ("an answer that is none", (201, [], {}), 1, "without Farguard"),
            ("an account without the right", (403, {"message": 'pods is forbidden: User "u" cannot create resource "pods"'}, {}), 4,
             "cannot create resource"),
            ("a token that is no more", (401, {"message": "Unauthorized"}, {}), 4, "Unauthorized"),
            ("a server that is busy", (429, {"message": "too many requests"}, {}), 4, "too many requests")):
        api.create_pod = lambda *_: answer  # pylint: disable=cell-var-from-loop
        done = subprocess.run(probe, capture_output=True, timeout=20, check=False, text=True)
        report(done.returncode == status and words in done.stderr and not done.stdout and done.stderr.count("\n") == 1,
               f"--probe, {name}: exit {status}, and why", done)
    api.create_pod = lambda *_: failed("no endpoints available")
    report(within(10, lambda: webhook.metric("farguard_selfprobe_success") == 0), "a probe that fails: 0")
    report(within(5, lambda: any(l["level"] == "error" and "no endpoints" in l["error"] for l in lines(webhook, "self-probe not injected"))),
           "and a line of the log with the API server's words", webhook.raw[-3:])
    report(within(5, lambda: any(e["reason"] == "SelfProbeFailed" and "no endpoints" in e["message"] and n == "farguard"
                                 for (n, _), e in list(api.told.items()))), "and an Event of our namespace", api.told)
    report(webhook.get("/readyz")[0] == 200, "it stays ready: a restart would not help")
    api.create_pod = reviewed
    report(within(10, lambda: webhook.metric("farguard_selfprobe_success") == 1), "once it is well it is told")
    report(webhook.reason("farguard") == "namespace-excluded", "no other pod of our namespace is touched")
    put(path, server + "inject: {fargateOnly: true, allowPodOptOut: false, excludeNamespaces: ['*']}\n")
    report(within(5, lambda: lines(webhook, "configuration in force"))
           and subprocess.run(probe, capture_output=True, timeout=20, check=False).returncode == 0,
           "whatever the configuration says of other pods, the probe is guarded", webhook.raw[-3:])
    report(webhook.end() == 0, "it ends between two probes")
    api.stop()
    done = subprocess.run(probe, capture_output=True, timeout=20, check=False, text=True)
    report(done.returncode == 4 and done.stderr.startswith("farguard-webhook: POST "), "--probe without an API server: exit 4", done)
    api.start()


def test_events(api, work):
    def told(reason, namespace="shop"):
        with api.lock:
            return [e for (n, _), e in api.told.items() if e["reason"] == reason and n == namespace]

    def owned(kind, name, spec):
        return {"metadata": {"generateName": name + "-", "ownerReferences": [
            {"apiVersion": "apps/v1", "kind": "Other", "name": "no", "uid": "0"},
            {"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": "u-" + name, "controller": True}]}, "spec": spec}

    taken = {"containers": [{"name": "web", "image": "i"}], "volumes": [{"name": "farguard", "emptyDir": {}}]}
    etc = {"containers": [{"name": "web", "image": "i", "volumeMounts": [{"name": "etc", "mountPath": "/etc"}]},
                          {"name": "db", "image": "i"}], "volumes": [{"name": "etc", "emptyDir": {}}]}
    webhook = Webhook(api, work, "--drain-seconds", "0", "--probe-seconds", "0")
    webhook.review(review("shop", owned("ReplicaSet", "web-1", taken), dryRun=True))
    webhook.review(review("shop"))
    webhook.review(review("plain", owned("ReplicaSet", "web-1", taken)))
    for _ in range(5):
        webhook.review(review("shop", owned("ReplicaSet", "web-2", taken)))
    report(within(10, lambda: told("NotInjected")), "a pod that is not injected is an Event")
    event = told("NotInjected")[0]
    about = event["involvedObject"]
    report(about == {"apiVersion": "apps/v1", "kind": "ReplicaSet", "namespace": "shop", "name": "web-2", "uid": "u-web-2"},
           "about the pod's controller", about)
    report("name-collision" in event["message"] and "farguard.io/inject=disabled" in event["message"] and event["type"] == "Warning"
           and event["source"]["component"] == "farguard-webhook", "with the contract's word and a way out", event)
    report(within(30, lambda: told("NotInjected")[0]["count"] == 5) and len(told("NotInjected")) == 1,
           "the same again is counted, in one Event", told("NotInjected"))
    report(not any(e["involvedObject"]["name"] == "web-1" for e in told("NotInjected")) and not told("NotInjected", "plain"),
           "a dry run, an injected pod and one that nobody wanted guarded are none")
    webhook.review(review("shop", {"metadata": {"name": "bare"}, "spec": taken}))
    webhook.review(review("shop", {"metadata": {"generateName": "some-"}, "spec": taken}))
    report(within(10, lambda: len(told("NotInjected")) == 3), "pods without an owner are told too", told("NotInjected"))
    kinds = {(e["involvedObject"]["kind"], e["involvedObject"]["name"]) for e in told("NotInjected")}
    report(kinds == {("ReplicaSet", "web-2"), ("Pod", "bare"), ("Namespace", "shop")}, "about themselves, or their namespace", kinds)
    webhook.review(review("shop", owned("ReplicaSet", "half", etc)))
    report(within(10, lambda: told("ContainerNotCovered")) and "web (etc-mounted)" in told("ContainerNotCovered")[0]["message"]
           and "db" not in told("ContainerNotCovered")[0]["message"], "so is a container that will not be covered", told("ContainerNotCovered"))
    with api.lock:
        api.told.clear()
    webhook.review(review("shop", owned("ReplicaSet", "web-2", taken)))
    report(within(30, lambda: told("NotInjected")), "an Event that the server has forgotten is made anew")

    for i in range(300):
        webhook.review(review("shop", owned("ReplicaSet", f"many-{i}", taken)))
    dropped = 'farguard_events_total{result="dropped"}'
    report(webhook.metric(dropped) > 100 and webhook.get("/readyz")[0] == 200, "of very many, most are dropped, and counted", webhook.metrics())
    sent = webhook.metric('farguard_events_total{result="sent"}')
    report(sent < 60, "those that are sent are few at a time", sent)
    with api.lock:
        api.tell_status = 403
    report(within(20, lambda: webhook.metric('farguard_events_total{result="failed"}') > 2), "what the server refuses is counted as well")
    report(len(lines(webhook, "event not taken")) == 1, "and told once", lines(webhook, "event not taken"))
    report(webhook.reason("shop") == "injected" and webhook.end() == 0, "pods are injected all the while")
    with api.lock:
        api.tell_status = None


def main():
    api = Api()
    api.put_namespace("plain")
    api.put_namespace("shop", {"farguard.io/inject": "enabled"})
    with tempfile.TemporaryDirectory() as work:
        test_reload(api, work)
        test_plain_file(api, work)
        test_probe(api, work)
        test_events(api, work)
    api.stop()
    sys.exit(end())


main()
