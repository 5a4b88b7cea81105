#!/usr/bin/python3
"""watches_test.py - farguard-webhook by what it is told of limit ranges, quotas, pods and Events.

Against an API server on loopback that says what the test wants.  TAP on stdout.
"""

import base64
import datetime
import json
import os
import sys
import tempfile
import time

import jsonpatch

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "webhook"))
from api import Api  # pylint: disable=wrong-import-position
from server import Webhook, review, within  # pylint: disable=wrong-import-position
from tap import end, report

IMAGE = "farguard.test/farguard-payload:dev"


def new_api():
    api = Api()
    for name in ("shop", "bank"):
        api.put_namespace(name, {"farguard.io/inject": "enabled"})
    return api


def instant(seconds_ago=0):
    when = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=seconds_ago)
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def pod(namespace, name, state, made=0, image=IMAGE, policy="IfNotPresent"):
    """An injected pod whose farguard-install is in `state`."""
    ours = {"image": image, "imagePullPolicy": policy}
    return {"kind": "Pod", "metadata": {"namespace": namespace, "name": name, "uid": f"uid-{namespace}-{name}",
                                        "labels": {"farguard.io/injected": "true"}, "creationTimestamp": instant(made)},
            "spec": {"initContainers": [{"name": "farguard-install", "command": ["/farguard", "install", "/.farguard"], **ours}],
                     "containers": [{"name": "web"}, {"name": "farguard-agent", **ours}]},
            "status": {"initContainerStatuses": [{"name": "farguard-install", "state": state}]}}


def hangs(reason="ImagePullBackOff"):
    return {"waiting": {"reason": reason, "message": "Back-off pulling image"}}


def done(ago=0):
    return {"terminated": {"exitCode": 0, "finishedAt": instant(ago)}}


def refusal(namespace, name, message, ago=0):
    return {"kind": "Event", "metadata": {"namespace": namespace, "name": name}, "reason": "FailedCreate", "type": "Warning",
            "message": message, "lastTimestamp": instant(ago)}


def lines(webhook, message, **fields):
    return [line for line in list(webhook.lines) if line.get("msg") == message and fields.items() <= line.items()]


def metric(webhook, name, **labels):
    inside = ",".join(f'{key}="{value}"' for key, value in labels.items())
    found = [line for line in webhook.metrics().splitlines() if line.startswith(f"{name}{{{inside}}} ")]
    return int(found[0].split()[-1]) if found else None


def agent_limits(webhook, namespace):
    request = review(namespace)
    answer = webhook.review(request)[1]["response"]
    if "patch" not in answer:
        return answer["auditAnnotations"]["reason"]
    patched = jsonpatch.apply_patch(json.loads(request)["request"]["object"], json.loads(base64.b64decode(answer["patch"])))
    return [c for c in patched["spec"]["containers"] if c["name"] == "farguard-agent"][0]["resources"].get("limits", {})


def test_limits(work):
    api = new_api()
    webhook = Webhook(api, work, "--drain-seconds", "0")
    usual = agent_limits(webhook, "shop")
    report(isinstance(usual, dict) and usual, "without a LimitRange the agent has its limits", usual)
    limit = {"kind": "LimitRange", "metadata": {"namespace": "shop", "name": "small"},
             "spec": {"limits": [{"type": "Container", "max": {"memory": "1Mi"}}]}}
    api.put("limitranges", limit)
    report(within(5, lambda: agent_limits(webhook, "shop") != usual), "a LimitRange counts once it is made", agent_limits(webhook, "shop"))
    report(agent_limits(webhook, "bank") == usual, "in its own namespace")
    limit["spec"]["limits"][0]["max"]["memory"] = "8Gi"
    api.put("limitranges", limit)
    report(within(5, lambda: agent_limits(webhook, "shop") == usual), "changed, it counts as it is")
    for i in range(5):  # more than a page
        api.put("limitranges", {"kind": "LimitRange", "metadata": {"namespace": f"n{i}", "name": "a.long." + "n" * 200}, "spec": {"limits": []}})
    api.put("resourcequotas", {"kind": "ResourceQuota", "metadata": {"namespace": "shop", "name": "q"},
                               "spec": {"hard": {"pods": "9"}}, "status": {"hard": {"pods": "9"}, "used": {"pods": "1"}}})
    report(within(5, lambda: metric(webhook, "farguard_watch_objects", resource="limitranges") == 6
                  and metric(webhook, "farguard_watch_objects", resource="resourcequotas") == 1), "objects are counted", webhook.metrics())
    api.put("limitranges", {"kind": "LimitRange", "metadata": {"namespace": "shop", "name": "big"},
                            "spec": {"limits": [{"type": "Container", "max": {f"x{i}": "1" * 60 for i in range(1000)}}]}})
    api.delete("limitranges", "small", "shop")
    report(within(5, lambda: metric(webhook, "farguard_watch_objects", resource="limitranges") == 5),
           "one that is gone is forgotten, one that is too large is not kept", webhook.metrics())
    webhook.end()
    webhook = Webhook(api, work, "--drain-seconds", "0")
    report(metric(webhook, "farguard_watch_objects", resource="limitranges") == 5, "once it is ready it knows what there is",
           webhook.metrics())
    webhook.end()
    api.stop()


def test_refused(work):
    api = new_api()
    with api.lock:
        api.forbidden = {"limitranges", "pods"}
    webhook = Webhook(api, work, "--drain-seconds", "0")
    report(True, "without the right to read limit ranges it is ready all the same")
    report(webhook.reason("shop") == "injected", "and injects as if there were none")
    report(within(10, lambda: (metric(webhook, "farguard_watch_errors_total", resource="limitranges") or 0) >= 3),
           "it goes on asking", webhook.metrics())
    said = lines(webhook, "not in step", resource="limitranges")
    report(len(said) == 1 and "forbidden" in said[0]["error"], "and says so once", said)
    report(metric(webhook, "farguard_watch_errors_total", resource="resourcequotas") == 0, "others are not held up")
    api.put("resourcequotas", {"kind": "ResourceQuota", "metadata": {"namespace": "shop", "name": "q"}, "spec": {"hard": {"pods": "9"}}})
    report(within(5, lambda: metric(webhook, "farguard_watch_objects", resource="resourcequotas") == 1), "and are watched on")
    with api.lock:
        api.forbidden = set()
    api.put("limitranges", {"kind": "LimitRange", "metadata": {"namespace": "shop", "name": "r"}, "spec": {"limits": []}})
    report(within(20, lambda: metric(webhook, "farguard_watch_objects", resource="limitranges") == 1), "with the right it is watched")
    api.put("limitranges", {"kind": "LimitRange", "metadata": {"namespace": "shop", "name": "s"}, "spec": {"limits": []}})
    report(within(10, lambda: len(lines(webhook, "in step again", resource="limitranges")) == 1), "which is said once, too", webhook.raw)
    webhook.end()
    api.stop()


def test_circuit(work):
    api = new_api()
    api.put("pods", pod("bank", "old", done(600), made=700))
    api.put("pods", pod("shop", "old", done(600), made=700))
    webhook = Webhook(api, work, "--drain-seconds", "0")
    report(webhook.reason("shop") == "injected", "with pods that have started it injects")
    api.put("pods", pod("shop", "forged", hangs(), image="registry.test/none:1"))
    api.put("pods", pod("shop", "never", hangs("ErrImageNeverPull"), policy="Never"))
    api.put("pods", pod("shop", "volume", hangs("PodInitializing")))
    api.put("pods", pod("shop", "web", hangs("ErrImagePull")))
    report(within(5, lambda: metric(webhook, "farguard_watch_objects", resource="pods") == 6), "pods are counted", webhook.metrics())
    report(webhook.reason("shop") == "injected", "a pod that has just failed opens nothing")
    report(within(15, lambda: webhook.reason("shop") == "circuit-open"), "one that hangs for ten seconds does", webhook.raw[-3:])
    said = lines(webhook, "circuit open")
    report(len(said) == 1 and said[0]["namespace"] == "shop" and said[0]["why"] == "pod web, farguard-install: ErrImagePull"
           and said[0]["level"] == "warn", "which is said once, with the pod", said)
    report(metric(webhook, "farguard_circuit_open", namespace="shop") == 1, "and is a metric", webhook.metrics())
    report(within(10, lambda: any(e["reason"] == "CircuitOpen" for (n, _), e in list(api.told.items()) if n == "shop")), "and an Event of the namespace", api.told)
    report(webhook.reason("bank") == "injected", "other namespaces stay injected")
    api.put("pods", pod("shop", "old", done(600), made=700))
    report(webhook.reason("shop") == "circuit-open", "what started before closes nothing")
    api.delete("pods", "web", "shop")
    report(within(5, lambda: metric(webhook, "farguard_watch_objects", resource="pods") == 5) and webhook.reason("shop") == "circuit-open",
           "nor does deleting the pod")
    api.put("pods", pod("shop", "next", done()))
    report(within(5, lambda: webhook.reason("shop") == "injected"), "one that starts closes it")
    report(len(lines(webhook, "circuit closed", namespace="shop")) == 1 and metric(webhook, "farguard_circuit_open", namespace="shop") == 0,
           "which is said, too")
    time.sleep(1.1)  # times have seconds: it is later than the start
    api.put("events", refusal("bank", "e1", 'pods "x" is forbidden: exceeded quota: q'))
    api.put("events", refusal("bank", "e2", f"image {IMAGE} is not allowed", ago=3000))
    api.put("events", refusal("shop", "e3", f"image {IMAGE} is not allowed"))
    report(within(5, lambda: webhook.reason("shop") == "circuit-open"), "a pod that is refused because of our image opens it at once")
    report(webhook.reason("bank") == "injected", "a quota, or what is long past, opens nothing")
    webhook.end()
    api.put("pods", pod("bank", "hung", hangs(), made=300))
    webhook = Webhook(api, work, "--drain-seconds", "0")
    report(within(5, lambda: webhook.reason("bank") == "circuit-open"), "after a restart a pod that has hung for long counts at once")
    report(within(5, lambda: metric(webhook, "farguard_watch_objects", resource="pods") == 7), "and pods are counted from a list", webhook.metrics())
    with open(webhook.config, "a", encoding="utf-8") as file:
        file.write('image: {reference: "farguard.test/farguard-payload:2"}\n')
    report(within(15, lambda: webhook.reason("bank") == "injected"), "another image in the configuration closes all", webhook.raw[-3:])
    webhook.end()
    api.stop()


def test_large(work):
    """1,000 namespaces and 10,000 pods of 12 KB each."""
    api = new_api()
    webhook = Webhook(api, work, "--drain-seconds", "0")
    within(10, lambda: metric(webhook, "farguard_watch_objects", resource="namespaces") == 2)
    before = webhook.peak_kib()
    webhook.end()
    with api.lock:
        api.page = 500
    for i in range(1000):
        api.put_namespace(f"ns-{i}", {"farguard.io/inject": "enabled"})
        api.put("limitranges", {"kind": "LimitRange", "metadata": {"namespace": f"ns-{i}", "name": "r"}, "spec": {"limits": [
            {"type": "Container", "max": {"cpu": "4", "memory": "8Gi"}, "default": {"cpu": "1", "memory": "1Gi"}}]}})
        api.put("resourcequotas", {"kind": "ResourceQuota", "metadata": {"namespace": f"ns-{i}", "name": "q"}, "spec": {
            "hard": {"pods": "100", "limits.memory": "100Gi"}}, "status": {"used": {"pods": "10"}}})
    shared = pod("x", "x", done(600), made=700)
    shared["spec"]["containers"][0]["env"] = [{"name": f"VARIABLE_{i}", "value": "v" * 40} for i in range(150)]
    with api.lock:
        for i in range(10000):
            meta = {**shared["metadata"], "namespace": f"ns-{i % 1000}", "name": f"pod-{i}", "uid": f"uid-{i}"}
            api.objects["pods"][(meta["namespace"], meta["name"])] = {**shared, "metadata": meta}
    webhook = Webhook(api, work, "--drain-seconds", "0")
    begin = time.monotonic()
    known = within(60, lambda: metric(webhook, "farguard_watch_objects", resource="pods") == 10000)
    report(known, "ten thousand pods are read", webhook.metrics())
    print(f"# {time.monotonic() - begin:.1f} s after it was ready; at most {webhook.peak_kib()} KiB, {before} KiB without them")
    sanitized = any(word in os.environ.get("FARGUARD_BUILD", "") + os.environ.get("FARGUARD_MODE", "") for word in ("asan", "tsan"))
    report(sanitized or webhook.peak_kib() - before <= 4 << 10, "in 4 MiB more than nothing", (before, webhook.peak_kib()))
    webhook.end()
    api.stop()


def main():
    with tempfile.TemporaryDirectory() as work:
        test_limits(work)
        test_refused(work)
        test_circuit(work)
        test_large(work)
    sys.exit(end())


main()
