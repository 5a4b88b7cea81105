#!/usr/bin/python3
"""check_test.py - farguardctl check against a real API server: credentials of every kind, and what it finds.

TAP on stdout.  FARGUARD_BUILD names the build directory, else FARGUARD_MODE the mode (release).
"""

import base64
import json
import os
import socket
import subprocess
import sys
import threading
import time

import jsonpatch
from api_server import ApiServer, ROOT, missing
from tap import end, report

BUILD = os.path.join(ROOT, os.environ.get("FARGUARD_BUILD") or "build/" + os.environ.get("FARGUARD_MODE", "release"))
PROGRAM = os.path.join(BUILD, "bin", "farguardctl")
MANY = 2300  # pods: ten pages
V1 = "client.authentication.k8s.io/v1"


class Scene:
    """The API server, and farguardctl on it."""

    def __init__(self, server):
        self.server = server
        self.admin = server.kubeconfig("admin.kubeconfig", server.admin_user())

    def run(self, *args, config=None, stdin=subprocess.DEVNULL, **env):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("KUBE")}
        environment.update({"HOME": self.server.dir, "KUBECONFIG": config or self.admin, **env})
        return subprocess.run([PROGRAM, "check", *args], capture_output=True, text=True, timeout=120, check=False,
                              stdin=stdin, env=environment)

    def found(self, *args, **more):
        """What -o json says, as a set."""
        result = self.run("-o", "json", *args, **more)
        items = json.loads(result.stdout or "null")
        if items is None or result.returncode != (1 if items else 0):
            raise AssertionError(f"exit {result.returncode}, {result.stdout[:300]} {result.stderr}")
        if "--dry-run" not in args and any(set(i) != {"namespace", "pod", "container", "reason"} for i in items):
            raise AssertionError(f"other members: {items[:3]}")
        return {tuple(item.values()) for item in items}

    def says(self, name, status, words, *args, **more):
        result = self.run(*args, **more)
        report(result.returncode == status and words in result.stdout + result.stderr, name,
               f"exit {result.returncode}\n{result.stdout}{result.stderr}")

    def pod(self, namespace, name, spec, labels=None, annotations=None, owner=None, connection=None):
        metadata = {"name": name, "labels": labels or {}, "annotations": annotations or {}}
        if owner:
            metadata["ownerReferences"] = [{"apiVersion": "apps/v1", "uid": "1", "controller": True, **owner}]
        return self.server.create(f"/api/v1/namespaces/{namespace}/pods", {"metadata": metadata, "spec": spec},
                                  connection)

    def namespace(self, name, inject=None, **labels):
        annotations = {"farguard.io/inject": inject} if inject else {}
        self.server.create("/api/v1/namespaces", {"metadata": {"name": name, "annotations": annotations,
                                                               "labels": labels}})


def containers(*names, **more):
    return {"containers": [{"name": name, "image": "farguard.test/x:1", "command": ["sleep"]} for name in names], **more}


def injected(pod):
    """What the webhook would make of it."""
    review = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
              "request": {"uid": "u", "kind": {"group": "", "version": "v1", "kind": "Pod"}, "namespace": "shop",
                          "operation": "CREATE", "object": pod}}
    result = subprocess.run([PROGRAM, "review"], input=json.dumps(review).encode(), capture_output=True, check=True)
    return jsonpatch.apply_patch(pod, json.loads(base64.b64decode(json.loads(result.stdout)["response"]["patch"])))


def test_nothing(scene):
    report(scene.found() == set(), "an empty cluster has nothing unguarded")
    scene.says("and text says how to begin", 0, "kubectl annotate namespace NAME")
    scene.says("without a ConfigMap the defaults hold, with a note", 0, "ConfigMap farguard in namespace farguard is not "
               "there")
    scene.says("a namespace that is not there", 3, 'no namespace "nowhere"', "-n", "nowhere")
    scene.says("a namespace that is no name", 2, "is no name", "-n", "../pods")


def test_found(scene):
    forged = {"farguard.io/status": json.dumps({"version": "0.1.0", "reason": "injected",
                                                "containers": {"web": {"covered": True, "how": "command"}}})}
    whole = injected({"metadata": {"name": "whole"}, "spec": containers("web")})
    robbed = injected({"metadata": {"name": "robbed"}, "spec": containers("web", "side")})
    del robbed["spec"]["containers"][1]["command"][:3]
    scene.namespace("shop", "enabled")
    scene.namespace("quiet")
    scene.namespace("labelled", **{"farguard.io/inject": "enabled"})
    scene.pod("quiet", "not-asked", containers("web"))
    scene.pod("quiet", "asked", containers("web"), annotations={"farguard.io/inject": "enabled"})
    scene.pod("labelled", "old", containers("web"), owner={"kind": "StatefulSet", "name": "db"})
    scene.pod("kube-system", "system", containers("web"), annotations={"farguard.io/inject": "enabled"})
    scene.pod("shop", "web-5d9-x", containers("web", "istio-proxy"), {"pod-template-hash": "5d9"},
              owner={"kind": "ReplicaSet", "name": "web-5d9"})
    scene.pod("shop", "forged", containers("web"), {"farguard.io/injected": "true"}, forged)
    scene.pod("shop", "opted-out", containers("web"), annotations={"farguard.io/inject": "disabled"})
    scene.pod("shop", "all-out", containers("web"), annotations={"farguard.io/exclude-containers": "*"})
    scene.pod("shop", "host", containers("web", hostNetwork=True))
    scene.pod("shop", "own-volume", containers("web", volumes=[{"name": "farguard", "emptyDir": {}}]))
    for pod in (whole, robbed):
        scene.pod("shop", pod["metadata"]["name"], pod["spec"], pod["metadata"]["labels"], pod["metadata"]["annotations"])
    scene.pod("shop", "ended", containers("web", restartPolicy="Never"))
    status, _ = scene.server.request("PATCH", "/api/v1/namespaces/shop/pods/ended/status",
                                     {"status": {"phase": "Succeeded"}}, "application/merge-patch+json")
    shop = {("shop", "web-5d9-x", "web", "started-before"), ("shop", "forged", "web", "started-before"),
            ("shop", "host", "web", "host-network"), ("shop", "own-volume", "web", "name-collision"),
            ("shop", "robbed", "side", "incomplete")}
    everywhere = shop | {("quiet", "asked", "web", "started-before"), ("labelled", "old", "web", "started-before")}
    got = scene.found()
    report(status == 200 and got == everywhere, "everything unguarded is found, and nothing else", got ^ everywhere)
    report(scene.found("-n", "shop") == scene.found("--namespace=shop") == shop, "one namespace is looked at alone")
    report(scene.found("-n", "shop", "-A") == everywhere, "-A is all of them")
    text = scene.run().stdout
    report("7 of 8 pods that should be guarded are not" in text
           and "kubectl rollout restart -n shop Deployment/web" in text
           and "kubectl rollout restart -n labelled StatefulSet/db" in text
           and "create it anew, in namespace shop: Pod/forged" in text
           and "host-network: remove hostNetwork" in text, "text says what helps", text)
    report("\x1b" not in text, "no colour behind a pipe")


def test_configuration(scene):
    data = {"farguard.yaml": "inject: {default: enabled, excludeNamespaces: [kube-system, labelled, shop]}\n"}
    scene.namespace("farguard")
    scene.server.create("/api/v1/namespaces/farguard/configmaps", {"metadata": {"name": "farguard"}, "data": data})
    wanted = {("quiet", "not-asked", "web", "started-before"), ("quiet", "asked", "web", "started-before")}
    got = scene.found()
    report(got == wanted, "the cluster's configuration counts", got)
    report(not scene.run("-o", "json").stderr, "and is no news")
    report(len(scene.found("--config", os.path.join(ROOT, "charts/farguard/files/farguard.yaml"))) == 7,
           "--config counts more")
    scene.says("another place for the ConfigMap", 1, "in namespace quiet is not there", "--farguard-namespace", "quiet")
    scene.server.request("PATCH", "/api/v1/namespaces/farguard/configmaps/farguard",
                         {"data": {"farguard.yaml": "inject:\n  defualt: enabled\n"}}, "application/merge-patch+json")
    scene.says("a wrong one is bad input, at its place", 3, 'ConfigMap farguard/farguard:2:3: unknown key "defualt"; did '
               'you mean "default"?')
    scene.server.request("DELETE", "/api/v1/namespaces/farguard/configmaps/farguard")


def test_bounds(scene):
    scene.namespace("bounded", "enabled")
    bound(scene, "bounded", {"type": "Container", "min": {"cpu": "100m"}})
    scene.pod("bounded", "exact", sized(cpu="250m"))
    got = scene.found("-n", "bounded")
    report(got == {("bounded", "exact", "web", "limit-range")}, "a LimitRange that forbids it is the reason", got)
    scene.server.create("/apis/apps/v1/namespaces/bounded/deployments", deployment("exact", sized(cpu="250m")))
    items = json.loads(scene.run("--dry-run", "-n", "bounded", "-o", "json").stdout)
    report([(i["workload"], i["reason"]) for i in items] == [("Deployment/exact", "limit-range")]
           and "minimum cpu usage per Container is 100m" in items[0]["message"], "and is found beforehand", items)


def sized(**requests):
    spec = containers("web")
    spec["containers"][0]["resources"] = {"requests": requests}
    return spec


def bound(scene, namespace, limit):
    """A LimitRange with a minimum, once admission has learnt of it."""
    scene.server.create(f"/api/v1/namespaces/{namespace}/limitranges", {"metadata": {"name": "l"},
                                                                        "spec": {"limits": [limit]}})
    small = sized(**{name: {"cpu": "1m", "memory": "1"}[name] for name in limit["min"]})
    wait_for(lambda: "minimum" in (refuses(scene, namespace, small) or ""))


def wait_for(condition):
    """What the API server's admission learns by a watch, it learns a moment later."""
    end = time.monotonic() + 60
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("the API server did not take notice within a minute")
        time.sleep(0.1)


def deployment(name, spec, **more):
    return {"metadata": {"name": name}, "spec": {
        "selector": {"matchLabels": {"app": name}}, "template": {"metadata": {"labels": {"app": name}, **more},
                                                                 "spec": spec}}}


def refuses(scene, namespace, spec):
    status, answer = scene.server.request("POST", f"/api/v1/namespaces/{namespace}/pods?dryRun=All",
                                          {"metadata": {"name": "probe"}, "spec": spec})
    return status >= 400 and answer.get("message", "")


def test_dry_run(scene):
    server, apps = scene.server, "/apis/apps/v1/namespaces/"
    scene.namespace("policed", "enabled")
    policy = {"metadata": {"name": "images"}, "spec": {
        "failurePolicy": "Fail", "matchConstraints": {"resourceRules": [
            {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]},
        "validations": [{"expression": "!has(object.spec.initContainers) || object.spec.initContainers.all(c, "
                                       "c.image.startsWith('corp.test/'))", "message": "only images of corp.test"}]}}
    binding = {"metadata": {"name": "images"}, "spec": {
        "policyName": "images", "validationActions": ["Deny"], "matchResources": {"namespaceSelector": {
            "matchLabels": {"kubernetes.io/metadata.name": "policed"}}}}}
    server.create("/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies", policy)
    server.create("/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings", binding)
    init = {**containers("web"), "initContainers": containers("i")["containers"]}
    wait_for(lambda: "corp.test" in (refuses(scene, "policed", init) or ""))
    server.create(apps + "policed/deployments", deployment("web", containers("web")))
    server.create(apps + "policed/deployments", deployment("out", containers("web"), annotations={
        "farguard.io/inject": "disabled"}))
    server.create(apps + "policed/deployments", deployment("broken", init))
    server.create("/apis/batch/v1/namespaces/policed/cronjobs", {"metadata": {"name": "nightly"}, "spec": {
        "schedule": "0 0 * * *", "jobTemplate": {"spec": {"template": {"spec": containers(
            "job", restartPolicy="Never")}}}}})
    result = scene.run("--dry-run", "-n", "policed", "-o", "json")
    items = json.loads(result.stdout)
    report(result.returncode == 1 and {(i["workload"], i["reason"]) for i in items}
           == {("Deployment/web", "refused"), ("CronJob/nightly", "refused")}
           and all("only images of corp.test" in i["message"] for i in items),
           "a policy that refuses our image is found beforehand", result.stdout + result.stderr)
    report("Deployment/broken cannot be told: it is refused without Farguard too" in result.stderr,
           "what is refused anyway is told apart", result.stderr)
    _, pods = server.request("GET", "/api/v1/namespaces/policed/pods")
    report(not pods["items"], "no pod was made")
    text = scene.run("--dry-run", "-n", "policed").stdout
    report("2 of 3 workloads would be refused" in text and "policed Deployment/web: " in text
           and "only images of corp.test" in text, "text has the server's words", text)
    test_dry_run_quota(scene)
    test_dry_run_fine(scene)


def test_dry_run_quota(scene):
    server = scene.server
    scene.namespace("full", "enabled")
    hard = {"requests.memory": "576Mi"}
    bound(scene, "full", {"type": "Container", "min": {"memory": "16Mi"}})
    server.create("/api/v1/namespaces/full/resourcequotas", {"metadata": {"name": "q"}, "spec": {"hard": hard}})
    status, _ = server.request("PATCH", "/api/v1/namespaces/full/resourcequotas/q/status",
                               {"status": {"hard": hard, "used": {"requests.memory": "512Mi"}}},
                               "application/merge-patch+json")
    wait_for(lambda: "exceeded quota" in (refuses(scene, "full", sized(memory="1Gi")) or "")
             and not refuses(scene, "full", sized(memory="64Mi")))
    server.create("/apis/apps/v1/namespaces/full/statefulsets", deployment("db", sized(memory="64Mi")))
    items = json.loads(scene.run("--dry-run", "-n", "full", "-o", "json").stdout)
    report(status == 200 and [(i["workload"], i["reason"]) for i in items] == [("StatefulSet/db", "quota")]
           and "requests.memory" in items[0]["message"] and "; the API server: " in items[0]["message"],
           "a quota without room is found beforehand", items)


def test_dry_run_fine(scene):
    scene.server.create("/apis/apps/v1/namespaces/quiet/deployments", deployment("web", containers("web")))
    scene.says("a namespace that is not opted in has no workload to try", 0, "to try as if", "--dry-run", "-n", "quiet")
    scene.says("unless it is taken as opted in", 0, "none of 1 workloads", "--dry-run", "-n", "quiet",
               "--namespace-annotation", "farguard.io/inject=enabled")
    scene.says("or the other way round", 0, "no workload would be injected", "--dry-run", "-n",
               "policed", "--namespace-annotation", "farguard.io/inject=")
    scene.namespace("fine", "enabled", **{"pod-security.kubernetes.io/enforce": "restricted"})
    strict = {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}}
    spec = containers("web", securityContext=strict)
    spec["containers"][0]["securityContext"] = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    for kind in ("daemonsets", "replicasets"):
        scene.server.create(f"/apis/apps/v1/namespaces/fine/{kind}", deployment("web", spec))
    result = scene.run("--dry-run", "-n", "fine")
    report(result.returncode == 0 and "none of 2 workloads" in result.stdout, "pod security restricted takes both",
           result.stdout + result.stderr)


def test_pages(scene):
    scene.namespace("many", "enabled")
    connection = scene.server.connect()
    for i in range(MANY):
        scene.pod("many", f"p-{i:05}", containers("web"), connection=connection)
    connection.close()
    found = scene.found("-n", "many")
    report(len(found) == MANY and ("many", f"p-{MANY - 1:05}", "web", "started-before") in found,
           f"{MANY} pods are read page by page, each once", len(found))
    result = scene.run("-n", "many")
    report(result.returncode == 1 and f"  and {MANY - 50} more" in result.stdout, "as many lines of advice as help")


def plugin(scene, name, script):
    path = scene.server.path(name)
    with open(path, "w", encoding="utf-8") as f:
        f.write("#!/bin/sh\n" + script)
    os.chmod(path, 0o700)


def credential(**status):
    return "cat <<'END'\n" + json.dumps({"kind": "ExecCredential", "apiVersion": V1, "status": status}) + "\nEND\n"


def account_token(scene):
    """A token of a service account that may read what check needs."""
    core, rbac = "/api/v1/namespaces/quiet/serviceaccounts", "/apis/rbac.authorization.k8s.io/v1/clusterrole"
    scene.server.create(core, {"metadata": {"name": "auditor"}})
    scene.server.create(rbac + "s", {"metadata": {"name": "auditor"}, "rules": [
        {"apiGroups": [""], "resources": ["namespaces", "pods"], "verbs": ["get", "list"]}]})
    scene.server.create(rbac + "bindings", {
        "metadata": {"name": "auditor"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
                                                     "name": "auditor"},
        "subjects": [{"kind": "ServiceAccount", "name": "auditor", "namespace": "quiet"}]})
    answer = scene.server.create(core + "/auditor/token", {
        "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}})
    return answer["status"]["token"]


def test_credentials(scene, token):
    server = scene.server

    def with_user(name, status, words, user, *args, stdin=subprocess.DEVNULL, **cluster):
        scene.says(name, status, words, "-n", "quiet", *args, stdin=stdin,
                   config=server.kubeconfig("user.kubeconfig", user, **cluster))

    fine = "1 of 1 pods that should be guarded are not"
    with_user("a client certificate in files", 1, fine, {"client-certificate": "admin.crt", "client-key": "./admin.key"})
    with_user("a token, by an account that may not read the ConfigMap", 1, "may not be read", {"token": token})
    with open(server.path("token"), "w", encoding="utf-8") as f:
        f.write(token + "\n")
    with_user("a token in a file", 1, fine, {"tokenFile": "token"})
    with_user("a wrong token", 4, "401: Unauthorized", {"token": "wrong"})
    with_user("says what can be done", 4, "log in again, or choose others by --context", {"token": "wrong"})
    with_user("a password, which it does not know", 4, "system:anonymous", {"username": "a", "password": "b"})
    with_user("nobody", 4, "403: ", {})
    with_user("somebody else, as one who may", 4, 'User "jane" cannot', {**server.admin_user(), "as": "jane"})
    with_user("a group, as one who may", 1, fine, {**server.admin_user(), "as": "jane", "as-groups": ["system:masters"]})
    with_user("a dry run needs to make pods", 4, "403: ", {"token": token}, "--dry-run")
    with_user("an authority that did not sign it", 4, "SSL certificate problem", server.admin_user(),
              **{"certificate-authority": "other.crt"})
    with_user("no authority but the machine's", 4, "SSL certificate problem", server.admin_user(),
              **{"certificate-authority": None})
    with_user("any certificate will do", 1, "anybody may answer", server.admin_user(),
              **{"certificate-authority": None, "insecure-skip-tls-verify": True})
    with_user("a certificate for another name", 1, fine, server.admin_user(),
              server=f"https://127.0.0.1:{server.port}/", **{"tls-server-name": "kubernetes.default"})
    with_user("a certificate for no such name", 4, "no alternative certificate subject name", server.admin_user(),
              **{"tls-server-name": "elsewhere"})
    with_user("a server that is gone", 4, "onnect", server.admin_user(), server="https://127.0.0.1:1")
    with_user("a server without TLS", 3, "no https:// address", server.admin_user(), server="http://api.test")
    with_user("a key that belongs to no certificate", 4, "farguardctl: ", {
        "client-certificate": "admin.crt", "client-key": "other.key"})
    server.openssl("ec", "-in", "admin.key", "-aes128", "-passout", "pass:secret", "-out", "locked.key")
    with_user("a key with a passphrase asks for none", 4, "farguardctl: ", {
        "client-certificate": "admin.crt", "client-key": "locked.key"})


def test_plugins(scene, token):
    server = scene.server

    def with_plugin(name, status, words, script, **more):
        plugin(scene, "plugin", script)
        user = {"exec": {"apiVersion": V1, "command": "./plugin", "interactiveMode": "IfAvailable", **more}}
        scene.says(name, status, words, "-n", "quiet", config=server.kubeconfig("plugin.kubeconfig", user))

    fine = "1 of 1 pods that should be guarded are not"
    with_plugin("a plugin's token", 1, fine, credential(token=token, expirationTimestamp="2100-01-01T00:00:00Z"))
    with_plugin("a plugin's certificate", 1, fine, credential(clientCertificateData=server.text("admin.crt"),
                                                              clientKeyData=server.text("admin.key")))
    with_plugin("a plugin's arguments, variables and information", 1, fine,
                'test "$1$2$A" = getbc || exit 9\ncase $KUBERNETES_EXEC_INFO in\n*' + server.url
                + "*certificate-authority-data*) ;;\n*) exit 8 ;;\nesac\n" + credential(token=token),
                args=["get", "b"], env=[{"name": "A", "value": "c"}], provideClusterInfo=True)
    with_plugin("a plugin that fails", 4, "failed with status 3", "echo log in first >&2\nexit 3\n")
    with_plugin("says why itself", 4, "log in first", "echo log in first >&2\nexit 3\n")
    with_plugin("a plugin that prints nonsense", 4, "it printed no JSON", "echo hello\n")
    with_plugin("a plugin's credential that expired", 4, "expired at 2020-01-01T00:00:00Z",
                credential(token=token, expirationTimestamp="2020-01-01T00:00:00Z"))
    with_plugin("a plugin that is not installed", 4, "farguardctl: brew install it", "", command="farguard-none",
                installHint="brew install it")
    with_plugin("a plugin that must ask, without a terminal", 4, "standard input is no terminal", "",
                interactiveMode="Always")
    with_plugin("a plugin of a version that is gone", 3, "v1alpha1 of credential plugins is gone", "",
                apiVersion="client.authentication.k8s.io/v1alpha1")


def tunnel(listener, asked):
    """An HTTP proxy: a tunnel for each CONNECT, until the listener is closed."""
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(4096)
        asked.append(head.decode())
        host, port = head.split()[1].decode().rsplit(":", 1)
        server = socket.create_connection((host, int(port)))
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        for one, other in ((client, server), (server, client)):
            threading.Thread(target=pump, args=(one, other), daemon=True).start()


def pump(one, other):
    try:
        while data := one.recv(65536):
            other.sendall(data)
        other.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def test_proxy(scene, token):
    asked = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=tunnel, args=(listener, asked), daemon=True).start()
        proxy = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = scene.server.kubeconfig("proxy.kubeconfig", {"token": token}, **{"proxy-url": proxy})
        result = scene.run("-n", "quiet", config=config)
        report(result.returncode == 1 and "1 of 1 pods" in result.stdout and asked
               and asked[0].startswith(f"CONNECT 127.0.0.1:{scene.server.port} "), "a proxy is asked for a tunnel",
               f"{asked} {result}")
        report(not any("Bearer" in head for head in asked), "and does not see the token", asked)
        asked.clear()
        scene.says("no proxy of the environment stands before this machine", 1, "1 of 1", "-n", "quiet",
                   HTTPS_PROXY=proxy)
        report(not asked, "so it is not asked", asked)


def test_in_pod(scene, token):
    """As in a pod: a mount namespace with a service account where the kubelet puts it."""
    if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True).returncode:
        report(True, "the service account of a pod # SKIP needs a mount namespace (root)")
        return
    with open(scene.server.path("token"), "w", encoding="utf-8") as f:
        f.write(token)
    script = """mkdir -p "$0/account/kubernetes.io/serviceaccount" &&
        cp "$0/token" "$0/ca.crt" "$0/account/kubernetes.io/serviceaccount" &&
        mount -t tmpfs none "$(realpath /var/run)" && mkdir /var/run/secrets &&
        cp -r "$0/account/." /var/run/secrets && exec "$@" """
    result = subprocess.run(["unshare", "-m", "sh", "-ec", script, scene.server.dir, PROGRAM, "check", "-n", "quiet"],
                            capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL, env={
                                "PATH": os.environ["PATH"], "HOME": "/nonexistent", "KUBERNETES_SERVICE_HOST": "127.0.0.1",
                                "KUBERNETES_SERVICE_PORT": str(scene.server.port)})
    report(result.returncode == 1 and "1 of 1 pods" in result.stdout, "the service account of a pod",
           result.stdout + result.stderr)


def test_kubeconfigs(scene):
    server = scene.server
    cluster = server.kubeconfig("one.kubeconfig", {"token": "wrong"})
    with open(server.path("two.kubeconfig"), "w", encoding="utf-8") as f:
        json.dump({"users": [{"name": "admin", "user": server.admin_user()}],
                   "contexts": [{"name": "mine", "context": {"cluster": "c", "user": "admin"}}]}, f)
    merged = f"{cluster}:{server.path('none')}:{server.path('two.kubeconfig')}"
    scene.says("files of KUBECONFIG are merged", 1, "1 of 1", "-n", "quiet", "--context", "mine", config=merged)
    scene.says("the first file's current context", 4, "401", "-n", "quiet", config=merged)
    scene.says("--kubeconfig goes before", 1, "1 of 1", "-n", "quiet", "--kubeconfig", scene.admin, config=merged)
    os.mkdir(server.path(".kube"))
    os.symlink(scene.admin, server.path(".kube/config"))
    os.symlink(server.path("ca.crt"), server.path(".kube/ca.crt"))
    scene.says("without KUBECONFIG the home's", 1, "1 of 1", "-n", "quiet", KUBECONFIG="")
    scene.says("a context that is not there", 3, 'no context "x"; there are: it', "--context", "x")
    scene.says("a kubeconfig that is not there", 3, "No such file", "--kubeconfig", "nothing")
    with open(server.path("wrong.kubeconfig"), "w", encoding="utf-8") as f:
        f.write("clusters:\n- name: c\n  cluster: [\n")
    scene.says("a kubeconfig that is no YAML, at its place", 3, "wrong.kubeconfig:4:1: ", "--kubeconfig",
               server.path("wrong.kubeconfig"))


def main():
    why = missing()
    if why:
        print(f"ok 1 - check # SKIP {why}\n1..1")
        return 0
    with ApiServer() as server:
        scene = Scene(server)
        test_nothing(scene)
        test_found(scene)
        test_configuration(scene)
        test_bounds(scene)
        test_dry_run(scene)
        token = account_token(scene)
        test_credentials(scene, token)
        test_plugins(scene, token)
        test_proxy(scene, token)
        test_in_pod(scene, token)
        test_kubeconfigs(scene)
        test_pages(scene)
        server.processes[1].kill()
        server.processes[1].wait()
        scene.says("an API server that went away", 4, "onnect")
    return end()


if __name__ == "__main__":
    sys.exit(main())
