#!/usr/bin/python3
"""check_webhook_test.py - farguardctl check beside the real webhook: what it injected is guarded, what it missed is found.

The API server calls the webhook on this machine, by a Service of type ExternalName.  TAP on stdout.  FARGUARD_BUILD
names the build directory, else FARGUARD_MODE the mode (release).
"""

import glob
import json
import os
import sys

import yaml
from api_server import ApiServer, ROOT, missing
from check_test import Scene, containers, deployment, wait_for

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "webhook"))
from server import Webhook  # pylint: disable=wrong-import-position
from tap import end, report


def configuration(port):
    """The chart's MutatingWebhookConfiguration, for a webhook at `port`."""
    for path in sorted(glob.glob(os.path.join(ROOT, "manifests/base/*.yaml"))):
        with open(path, encoding="utf-8") as file:
            for document in yaml.safe_load_all(file):
                if document and document["kind"] == "MutatingWebhookConfiguration":
                    for entry in document["webhooks"]:
                        entry["clientConfig"]["service"]["port"] = port
                    return document
    raise AssertionError("manifests/base has no MutatingWebhookConfiguration")


def start_webhook(scene):
    """Farguard's namespace with what the chart puts there, and the webhook as the administrator's account."""
    server = scene.server
    scene.namespace("farguard")
    server.create("/api/v1/namespaces/farguard/serviceaccounts", {"metadata": {"name": "farguard-webhook"}})
    server.create("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
        "metadata": {"name": "farguard-webhook"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "ServiceAccount", "name": "farguard-webhook", "namespace": "farguard"}]})
    answer = server.create("/api/v1/namespaces/farguard/serviceaccounts/farguard-webhook/token", {
        "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}})
    with open(server.path("webhook.token"), "w", encoding="utf-8") as file:
        file.write(answer["status"]["token"])
    server.create("/api/v1/namespaces/farguard/secrets", {"metadata": {"name": "farguard-tls"}})
    webhook = Webhook(server, server.dir, "--api-server", server.url, "--ca-file", server.path("ca.crt"),
                      token=server.path("webhook.token"), ready=False)
    server.create("/api/v1/namespaces/farguard/services", {"metadata": {"name": "farguard-webhook"}, "spec": {
        "type": "ExternalName", "externalName": "localhost", "ports": [{"port": webhook.port}]}})
    server.create("/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations", configuration(webhook.port))
    wait_for(lambda: webhook.get("/readyz")[0] == 200)
    wait_for(lambda: is_injected(tried(scene)))
    return webhook


def tried(scene):
    return scene.server.request("POST", "/api/v1/namespaces/shop/pods?dryRun=All",
                                {"metadata": {"name": "tried"}, "spec": containers("web")})[1]


def is_injected(pod):
    return pod["metadata"].get("labels", {}).get("farguard.io/injected") == "true"


def test_guarded(scene):
    pods = [scene.pod("shop", "plain", containers("web", "side")),
            scene.pod("shop", "job", {**containers("main", restartPolicy="Never"),
                                      "initContainers": [{"name": "first", "image": "farguard.test/x:1"}]}),
            scene.pod("shop", "image-says", {"containers": [{"name": "web", "image": "farguard.test/x:1"}]}),
            scene.pod("shop", "chosen", containers("web", "side"), annotations={"farguard.io/containers": "web"}),
            scene.pod("shop", "mesh", containers("web", "istio-proxy"))]
    report(all(map(is_injected, pods)), "the API server had the webhook inject them")
    result = scene.run()
    report(result.returncode == 0 and f"all {len(pods)} pods that should be guarded are" in result.stdout,
           "what the webhook injected is guarded", result.stdout + result.stderr)


def test_dry_run(scene):
    scene.server.create("/apis/apps/v1/namespaces/shop/deployments", deployment("web", containers("web")))
    result = scene.run("--dry-run")
    _, pods = scene.server.request("GET", "/api/v1/namespaces/shop/pods")
    report(result.returncode == 0 and "none of 1 workloads" in result.stdout and len(pods["items"]) == 5,
           "a dry run beside the webhook is fine, and makes nothing", result.stdout + result.stderr)


def test_away(scene, webhook):
    webhook.process.kill()
    webhook.process.wait()
    pod = scene.pod("shop", "away", containers("web", "side"), owner={"kind": "StatefulSet", "name": "db"})
    found = scene.found()
    report(not is_injected(pod) and found == {("shop", "away", "web", "started-before"),
                                              ("shop", "away", "side", "started-before")},
           "what starts while the webhook is away is found, and nothing else", found)
    # Somebody edits what a pod lets be edited: the label and the annotation, not what runs.
    status, _ = scene.server.request("PATCH", "/api/v1/namespaces/shop/pods/away", {"metadata": {
        "labels": {"farguard.io/injected": "true"},
        "annotations": {"farguard.io/status": json.dumps({"reason": "injected", "containers": {
            "web": {"covered": True}, "side": {"covered": True}}})}}}, "application/merge-patch+json")
    report(status == 200 and scene.found() == found, "a forged status changes nothing")


def main():
    why = missing()
    if why:
        print(f"ok 1 - check beside the webhook # SKIP {why}\n1..1")
        return 0
    with ApiServer() as server:
        scene = Scene(server)
        scene.namespace("shop", "enabled")
        webhook = start_webhook(scene)
        test_guarded(scene)
        test_dry_run(scene)
        test_away(scene, webhook)
    return end()


if __name__ == "__main__":
    sys.exit(main())
