#!/usr/bin/python3
"""webhook_test.py - farguard-webhook against an API server that fails on purpose: conflicts, 410, refusals, silence.

The end-to-end tests run it under a real API server; what a real one does only once in years is played here, on
loopback.  TAP on stdout.  FARGUARD_BUILD names the build directory, else FARGUARD_MODE the mode (release).
"""

import base64
import concurrent.futures
import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import warnings

import jsonpatch

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "webhook"))
from api import Api  # pylint: disable=wrong-import-position
from server import BUILD, PROGRAM, Webhook, free_port, review, within  # pylint: disable=wrong-import-position
from tap import end, report

warnings.simplefilter("ignore", DeprecationWarning)  # TLS 1.1 is tried to see it refused


def test_serving(api, webhook):
    ca = api.text("ca.crt")
    report(api.bundles() == [base64.b64encode(ca.encode()).decode()] * 2, "every entry's caBundle is the authority of the Secret")
    report(api.secret["data"]["other"] == "eA==" and api.secret["metadata"]["labels"] == {"a": "b"},
           "what else the Secret had stays")
    status, answer = webhook.review(review("shop"), api)
    patched = jsonpatch.apply_patch(json.loads(review("shop"))["request"]["object"],
                                    json.loads(base64.b64decode(answer["response"]["patch"])))
    report(status == 200 and answer["response"]["allowed"] and patched["metadata"]["labels"]["farguard.io/injected"] == "true",
           "a pod of an annotated namespace is injected, over TLS that the Secret's authority vouches for", answer)
    line = within(5, lambda: webhook.line("review")) or {}
    report(line.get("reason") == "injected" and line.get("namespace") == "shop" and line.get("name") == "web"
           and line.get("uid", "").startswith("0000") and line.get("patchOperations", 0) > 3 and line.get("dryRun") is False
           and isinstance(line.get("durationMicroseconds"), int), "each review is one line of the log", line)
    sidecar = any(c["name"] == "farguard-agent" for c in patched["spec"].get("initContainers", []))
    report(not sidecar, "the agent of a Deployment's pod is a container")
    for namespace, want in (("plain", "not-opted-in"), ("off", "opted-out"), ("labelled", "injected"), ("both", "opted-out")):
        got = webhook.reason(namespace)
        report(got == want, f"namespace {namespace}: {want}", got)
    with tempfile.NamedTemporaryFile() as file:
        file.write(review("shop"))
        file.flush()
        offline = subprocess.run([os.path.join(BUILD, "bin/farguardctl"), "review", "-f", file.name], capture_output=True, check=False)
        online = webhook.ask("POST", "/mutate", review("shop"), {"Content-Type": "application/json"})[1]
        report(offline.stdout == online, "farguardctl review answers alike, to the byte", offline.stdout[:200])


def test_http(webhook):
    json_type = {"Content-Type": "application/json"}
    for name, method, path, body, headers, want in (
            ("an unknown path", "GET", "/", None, {}, 404),
            ("a review by GET", "GET", "/mutate", None, {}, 405),
            ("a probe by POST", "POST", "/healthz", b"x", {}, 405),
            ("a review without a type", "POST", "/mutate", review("shop"), {}, 415),
            ("a review as text", "POST", "/mutate", review("shop"), {"Content-Type": "text/plain"}, 415),
            ("a charset behind the type", "POST", "/mutate", review("shop"), {"Content-Type": "application/json; charset=utf-8"}, 200),
            ("an empty body", "POST", "/mutate", b"", json_type, 400),
            ("half a review", "POST", "/mutate", review("shop")[:100], json_type, 400),
            ("a review of nothing", "POST", "/mutate", b"{}", json_type, 400),
            ("binary", "POST", "/mutate", bytes(range(256)) * 100, json_type, 400),
            ("nesting without an end", "POST", "/mutate", b"[" * 100000, json_type, 400),
            ("8 MiB and a byte", "POST", "/mutate", b" " * ((8 << 20) + 1), json_type, 413)):
        try:
            status, text, _ = webhook.ask(method, path, body, headers)
        except (ConnectionError, ssl.SSLError) as error:  # refused by its length, and closed while we still send
            status, text = (413 if want == 413 else 0), str(error)
        report(status == want, f"{name}: {want}", f"{status} {text[:200]}")
    raw = webhook.connect()
    chunk = b"%x\r\n%s\r\n" % (1 << 20, b" " * (1 << 20))
    raw.sock.sendall(b"POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
    try:
        for _ in range(9):
            raw.sock.sendall(chunk)
        raw.sock.sendall(b"0\r\n\r\n")
        head = raw.sock.recv(100)
    except OSError as error:
        head = str(error).encode()
    report(b" 413 " in head, "9 MiB in pieces: 413", head)
    status, _, answer = webhook.ask("HEAD", "/readyz")
    report(status == 200 and answer.headers["Content-Length"] == "3", "a probe by HEAD is answered")
    connection = webhook.connect()
    statuses = set()
    for _ in range(50):
        connection.request("POST", "/mutate", review("shop"), json_type)
        answer = connection.getresponse()
        answer.read()
        statuses.add(answer.status)
    connection.close()
    report(statuses == {200}, "fifty reviews on one connection", statuses)
    for version in (ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = ssl._create_unverified_context()
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
        try:
            with socket.create_connection(("127.0.0.1", webhook.port), timeout=10) as raw_socket:
                context.wrap_socket(raw_socket).close()
            spoken = True
        except (ssl.SSLError, ConnectionError):
            spoken = False
        report(spoken == (version != ssl.TLSVersion.TLSv1_1), f"{version.name} is {'spoken' if spoken else 'refused'}")


def webhook_reason(answer):
    status, body = answer
    return body["response"]["auditAnnotations"]["reason"] if status == 200 else status


def test_load(webhook):
    def many(count):
        connection = webhook.connect()
        done = 0
        for _ in range(count):
            connection.request("POST", "/mutate", review("shop"), {"Content-Type": "application/json"})
            done += b'"allowed":true' in connection.getresponse().read().replace(b" ", b"")
        connection.close()
        return done

    lazy = [webhook.connect() for _ in range(60)]
    for connection in lazy:
        connection.sock.sendall(b"POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{")
    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        answered = sum(pool.map(many, [5] * 64))
    report(answered == 320, "64 connections at once, beside 60 that never finish their request", answered)
    for connection in lazy:
        connection.close()
    big = review("shop", {"metadata": {"name": "big", "annotations": {"a": "x" * (7 << 20)}},
                          "spec": {"containers": [{"name": "c", "image": "i"}]}})
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(lambda _: webhook.review(big)[0], range(16)))
    report(set(statuses) <= {200, 503} and 200 in statuses, "sixteen reviews of 7 MiB: answered, or refused by 503", statuses)
    bomb = review("shop", {"metadata": {"name": "bomb"}, "spec": {"containers": [{"name": "c", "image": "i"}]}, "x": [{}] * 2600000})
    before, allowed = webhook.peak_kib(), 1 << 20 if "asan" in BUILD or "tsan" in BUILD else 100 << 10
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        reasons = {webhook_reason(answer) for answer in pool.map(lambda _: webhook.review(bomb.replace(b" ", b"")), range(4))}
    report(reasons == {"too-large"} and webhook.peak_kib() - before < allowed,
           "a review that would be 2 GiB of empty objects is not read", (reasons, before, webhook.peak_kib()))
    report(webhook.review(review("shop"))[0] == 200, "and a small one is answered after them")


def test_metrics(webhook):
    text = webhook.metrics()
    for pattern in (r'farguard_admission_requests_total\{operation="CREATE",reason="injected"\} [1-9]\d*$',
                    r'farguard_admission_requests_total\{operation="CREATE",reason="not-opted-in"\} [1-9]\d*$',
                    r'farguard_admission_duration_seconds_bucket\{le="\+Inf"\} [1-9]\d*$',
                    r"farguard_admission_duration_seconds_sum \d", r"farguard_admission_duration_seconds_count [1-9]\d*$",
                    r"farguard_certificate_expiry_timestamp_seconds 1[89]\d{8}$",
                    r'farguard_watch_objects\{resource="namespaces"\} 5$',
                    r'farguard_watch_errors_total\{resource="namespaces"\} 0$',
                    r"farguard_config_last_reload_successful 1$", r'farguard_build_info\{version="[\d.]+"\} 1$'):
        report(re.search(pattern, text, re.M), f"metric {pattern.split('{')[0].split(' ')[0]}", text)
    counts = [int(m) for m in re.findall(r'_bucket\{le="[^"]+"\} (\d+)', text)]
    report(counts == sorted(counts) and len(counts) == 14, "the histogram's buckets add up", counts)
    if shutil.which("promtool"):
        checked = subprocess.run(["promtool", "check", "metrics"], input=text.encode(), capture_output=True, check=False)
        report(checked.returncode == 0 and not checked.stderr, "Prometheus' own check accepts them, without a word",
               checked.stderr.decode())
    else:
        report(True, "Prometheus' own check accepts them # SKIP no promtool (hack/deps.sh install)")
    connection = http.client.HTTPConnection("127.0.0.1", webhook.metrics_port, timeout=10)
    connection.request("GET", "/other")
    report(connection.getresponse().status == 404, "the metrics port serves nothing else")
    connection.close()
    version = json.loads(webhook.metrics("/version"))
    report(re.fullmatch(r"\d+\.\d+\.\d+", version["version"]) and version["gitVersion"] == "v" + version["version"]
           and version["version"].startswith(f"{version['major']}.{version['minor']}.")
           and re.fullmatch(r"linux/\w+", version["platform"]) and version["compiler"], "but its version, as Kubernetes' components do",
           version)
    connection.request("POST", "/version", b"x")
    report(connection.getresponse().status == 405, "and takes nothing")
    connection.close()


def test_watch(api, webhook):
    api.put_namespace("plain", {"farguard.io/inject": "enabled"})
    report(within(5, lambda: webhook.reason("plain") == "injected"), "an annotation counts as soon as it is made")
    api.put_namespace("plain")
    report(within(5, lambda: webhook.reason("plain") == "not-opted-in"), "and no more when it is gone")
    with api.lock:
        api.hidden.add("sudden")
    api.put_namespace("sudden", {"farguard.io/inject": "enabled"})
    report(webhook.reason("sudden") == "injected", "a namespace that the watch has not brought yet is asked for")
    report(webhook.reason("nowhere") == "not-ready", "one that does not exist is left alone: not-ready")
    api.delete_namespace("both")
    report(within(5, lambda: webhook.reason("both") == "not-ready"), "a namespace that is gone is forgotten")
    with api.lock:
        api.refuse = 500
    time.sleep(0.1)
    start = time.monotonic()
    reasons = {webhook.reason(f"unknown-{i}") for i in range(20)}
    report(reasons == {"not-ready"} and time.monotonic() - start < 5,
           "with an API server that fails, unknown namespaces hold nothing up", (reasons, time.monotonic() - start))
    report(webhook.reason("shop") == "injected" and webhook.get("/readyz")[0] == 200,
           "what is known is answered on, and it stays ready")
    with api.lock:
        api.refuse = None


def test_trouble(work):
    api = namespaces(Api())
    with api.lock:
        api.secret_conflicts = 3
    webhook = Webhook(api, work)
    report(True, "three conflicts over the Secret, and it is ready all the same")
    report(sum(1 for c in api.calls if c[0] == "PUT") == 4, "each conflict is answered by reading anew", api.calls)
    status = webhook.end()
    report(status == 0, "SIGTERM: exit 0", status)

    with api.lock:
        api.watch_errors, api.watches = 2, 0
        lists = api.calls.count(("GET", "/api/v1/namespaces"))
    webhook = Webhook(api, work, "--drain-seconds", "0")
    report(within(10, lambda: api.watches >= 3), "a watch that is told 410 lists again", api.watches)
    api.put_namespace("late", {"farguard.io/inject": "enabled"})
    report(within(5, lambda: webhook.reason("late") == "injected"), "and sees what comes after")
    report(api.calls.count(("GET", "/api/v1/namespaces")) - lists > 6, "by more than one list")
    webhook.end()

    with api.lock:
        api.garbage = 1
    webhook = Webhook(api, work, "--drain-seconds", "0")
    api.put_namespace("later", {"farguard.io/inject": "enabled"})
    report(within(10, lambda: 'errors_total{resource="namespaces"} 1' in webhook.metrics()), "a watch of garbage is counted",
           webhook.metrics())
    report(webhook.reason("later") == "injected" and within(5, lambda: 'objects{resource="namespaces"} 7' in webhook.metrics()),
           "and begun again", webhook.metrics())
    webhook.end()

    first = api.text("tls.crt")
    webhook = Webhook(api, work, "--drain-seconds", "0")
    report(api.text("tls.crt") == first, "a good certificate is taken as it is")
    webhook.end()
    with api.lock:
        api.secret["data"]["tls.crt"] = base64.b64encode(b"garbage").decode()
        api.secret["data"]["tls.key"] = "no base64!"
    ca = api.text("ca.crt")
    webhook = Webhook(api, work, "--drain-seconds", "0")
    report(api.text("ca.crt") == ca and webhook.review(review("shop"), api)[0] == 200,
           "a certificate that is garbage is made anew by the same authority")
    webhook.end()
    with api.lock:
        del api.secret["data"]["ca.key"]
    webhook = Webhook(api, work, "--drain-seconds", "0")
    report(api.text("ca.crt") != ca and api.text("ca.crt").endswith(ca) and webhook.review(review("shop"), api)[0] == 200
           and base64.b64decode(api.bundles()[0]).decode() == api.text("ca.crt"),
           "a lost authority is replaced, and the old one stays trusted beside it")
    webhook.end()
    api.stop()


def test_start(work):
    api = namespaces(Api())
    api.stop()
    webhook = Webhook(api, work, "--drain-seconds", "0", ready=False)
    report(webhook.get("/healthz") == (200, b"ok\n"), "without an API server it lives")
    status, text = webhook.get("/readyz")
    report(status == 503 and b"certificate" in text, "and says why it is not ready", text)
    report(webhook.reason("shop") == "not-ready", "a review is allowed unmodified: not-ready")
    api.start()
    report(within(20, lambda: webhook.get("/readyz")[0] == 200), "once the API server is there it is ready", webhook.raw)
    report(webhook.line("certificate not in step") is not None, "what failed until then is in the log")
    webhook.end()

    token = os.path.join(work, "token")
    with open(token, "w", encoding="utf-8") as file:
        file.write("first\n")
    with api.lock:
        api.token = "first"
    webhook = Webhook(api, work, "--drain-seconds", "0", token=token)
    with open(token + ".new", "w", encoding="utf-8") as file:
        file.write("second\n")
    os.rename(token + ".new", token)
    with api.lock:
        api.token = "second"
        api.hidden.add("fresh")
    api.put_namespace("fresh", {"farguard.io/inject": "enabled"})
    report(webhook.reason("fresh") == "injected", "a token that the kubelet replaced is read again")
    webhook.end()
    with api.lock:
        api.token, api.minor = None, "28+"
    job = {"metadata": {"name": "j", "ownerReferences": [{"apiVersion": "batch/v1", "kind": "Job", "name": "j", "controller": True,
                                                          "uid": "1"}]},
           "spec": {"restartPolicy": "Never", "containers": [{"name": "j", "image": "i"}]}}
    for minor, want in (("28+", False), ("29+", True)):
        with api.lock:
            api.minor = minor
        webhook = Webhook(api, work, "--drain-seconds", "0")
        answer = webhook.review(review("shop", job))[1]["response"]
        patch = base64.b64decode(answer.get("patch", "")).decode()
        report(('"restartPolicy":"Always"' in patch.replace(" ", "")) == want,
               f"Kubernetes 1.{minor}: a Job's agent is {'a native' if want else 'no'} sidecar", patch)
        webhook.end()
    api.stop()


def test_two(work):
    api = namespaces(Api())
    both = [Webhook(api, work, "--drain-seconds", "0", ready=False) for _ in range(2)]
    report(within(15, lambda: all(w.get("/readyz")[0] == 200 for w in both)), "two replicas on one empty Secret become ready")
    served = {ssl.get_server_certificate(("127.0.0.1", w.port)).strip() for w in both}
    report(served == {api.text("tls.crt").strip()}, "and serve the same certificate, the Secret's")
    for webhook in both:
        webhook.end()
    api.stop()


def test_end(work):
    api = namespaces(Api())
    webhook = Webhook(api, work, "--drain-seconds", "2")
    slow = webhook.connect(api)
    body = review("shop")
    slow.sock.sendall(b"POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body))
    slow.sock.sendall(body[:50])
    time.sleep(0.2)
    webhook.process.send_signal(signal.SIGTERM)
    report(within(2, lambda: webhook.get("/readyz")[0] == 503), "after SIGTERM it is not ready")
    report(webhook.review(review("shop"), api)[0] == 200, "and serves on while the cluster learns of it")
    time.sleep(2.3)
    slow.sock.sendall(body[50:])
    answer = slow.sock.recv(65536)
    report(b" 200 " in answer.split(b"\r\n")[0] and b"onnection: close" in answer,
           "a review that is under way is answered to its end", answer[:200])
    status = webhook.end()
    report(status == 0 and webhook.line("ended"), "and it ends with 0", status)
    webhook = Webhook(api, work, "--drain-seconds", "30")
    webhook.process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    start = time.monotonic()
    status = webhook.end()
    report(status == 0 and time.monotonic() - start < 8, "a second signal cuts the drain short", status)
    broken = [raw for raw in webhook.raw if not raw.startswith(b"{") or not raw.endswith(b"}\n")]
    report(not broken, "every line of the log is one JSON object", broken)
    api.stop()


def namespaces(api):
    for name, annotations, labels in (("shop", {"farguard.io/inject": "enabled"}, {}), ("plain", {}, {}),
                                      ("off", {"farguard.io/inject": "disabled"}, {}),
                                      ("labelled", {}, {"farguard.io/inject": "enabled"}),
                                      ("both", {"farguard.io/inject": "disabled"}, {"farguard.io/inject": "enabled"})):
        api.put_namespace(name, annotations, labels)
    return api


def test_usage(work):
    bad = os.path.join(work, "bad.yaml")
    with open(bad, "w", encoding="utf-8") as file:
        file.write("mode: [detect]\n")
    here = ["--api-server", "http://127.0.0.1:1"]
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        taken = os.path.join(work, "taken.yaml")
        with open(taken, "w", encoding="utf-8") as file:
            file.write(f'server: {{listen: "127.0.0.1:{busy.getsockname()[1]}", metrics: "127.0.0.1:{free_port()}"}}\n')
        for name, args, status, words in (
                ("an unknown flag", ["--frobnicate"], 2, "--frobnicate"), ("a flag without its value", ["--config"], 2, "--config"),
                ("an operand", ["serve"], 2, "serve"), ("an odd level", ["--log-level", "loud"], 2, "loud"),
                ("a drain of weeks", ["--drain-seconds", "999999"], 2, "999999"),
                ("an address that is none", ["--api-server", "gopher://x"], 2, "gopher"),
                ("plain HTTP to elsewhere", ["--api-server", "http://192.0.2.1"], 2, "192.0.2.1"),
                ("https without an authority", ["--api-server", "https://127.0.0.1:1"], 2, "--ca-file"),
                ("a missing configuration", ["--config", "/no/such", *here], 3, "/no/such"),
                ("a wrong configuration", ["--config", bad, *here], 3, "bad.yaml:1:7: "),
                ("no cluster", [], 4, "--api-server"), ("a port that is taken", ["--config", taken, *here], 5, "in use")):
            environment = {k: v for k, v in os.environ.items() if not k.startswith("KUBERNETES_")}
            result = subprocess.run([PROGRAM, *args], capture_output=True, timeout=20, check=False, env=environment)
            lines = result.stderr.decode().splitlines()
            report(result.returncode == status and len(lines) == 1 and lines[0].startswith("farguard-webhook: ")
                   and words in lines[0] and not result.stdout, f"{name}: one line, exit {status}", (result.returncode, lines))
    for flag in ("--help", "--version"):
        result = subprocess.run([PROGRAM, flag], capture_output=True, timeout=20, check=False)
        report(result.returncode == 0 and b"farguard-webhook" in result.stdout and not result.stderr, f"{flag}: exit 0")


def main():
    with tempfile.TemporaryDirectory() as work:
        test_usage(work)
        api = namespaces(Api())
        webhook = Webhook(api, work, "--drain-seconds", "0")
        test_serving(api, webhook)
        test_http(webhook)
        test_metrics(webhook)
        test_load(webhook)
        test_watch(api, webhook)
        status = webhook.end()
        report(status == 0, "after all this it ends with 0", (status, webhook.raw[-5:]))
        api.stop()
        test_trouble(work)
        test_start(work)
        test_two(work)
        test_end(work)
    sys.exit(end())


main()
