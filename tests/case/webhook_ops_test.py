#!/usr/bin/python3
"""webhook_ops_test.py - running farguard-webhook: its configuration is changed under it, whichever way files change.

TAP on stdout.  FARGUARD_BUILD names the build directory, else FARGUARD_MODE the mode (release).
"""

import os
import signal
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "webhook"))
from api import Api  # pylint: disable=wrong-import-position
from server import Webhook, free_port, review, within  # pylint: disable=wrong-import-position

number = failures = 0
GOOD = "farguard_config_last_reload_successful"
WHEN = "farguard_config_last_reload_success_timestamp_seconds"


def report(ok, name, why=""):
    global number, failures
    number += 1
    failures += not ok
    print(f"{'ok' if ok else 'not ok'} {number} - {name}", flush=True)
    for line in str(why).splitlines()[:20] if not ok else []:
        print(f"#   {line}")


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
                connection.request("POST", "/mutate", review("plain"), {"Content-Type": "application/json"})
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


def main():
    api = Api()
    api.put_namespace("plain")
    with tempfile.TemporaryDirectory() as work:
        test_reload(api, work)
        test_plain_file(api, work)
    api.stop()
    print(f"1..{number}")
    sys.exit(1 if failures else 0)


main()
