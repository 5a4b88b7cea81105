#!/usr/bin/env python3
"""rendered.py WHAT FILE [FILE] - properties of what the chart renders (TAP lines without numbers).

  objects FILE          names, ports and rules of a rendering with the defaults, in namespace `farguard`
  config FILE SAMPLE    the configuration in it says what the sample says, but for the image
  extract FILE          print the configuration
  equal NAME FILE FILE  a rendering and what kustomize builds say the same, but for helm's labels and the namespace
  value FILE PATH       print what stands at PATH, "KIND/NAME" and keys joined by "|"
"""
import json
import sys

import yaml

NAMES = {
    "Pod/farguard-test",
    "ConfigMap/farguard", "Secret/farguard-tls", "MutatingWebhookConfiguration/farguard",
    "Deployment/farguard-webhook", "Service/farguard-webhook", "ServiceAccount/farguard-webhook",
    "PodDisruptionBudget/farguard-webhook", "ClusterRole/farguard-webhook", "ClusterRoleBinding/farguard-webhook",
    "Role/farguard-webhook", "RoleBinding/farguard-webhook"}
KUBELET = {10248, 10250, 10255, 10256}


def load(path):
    objects = [o for o in yaml.safe_load_all(open(path)) if o]
    return {f"{o['kind']}/{o['metadata']['name']}": o for o in objects}, len(objects)


def is_same(name, want, got):
    if want == got:
        print(f"ok - {name}")
    else:
        print(f"not ok - {name}")
        print(f"#   expected {json.dumps(want, sort_keys=True)}\n#        got {json.dumps(got, sort_keys=True)}")


def rules(role):
    return sorted((resource, r.get("resourceNames", []), r["verbs"]) for r in role["rules"] for resource in r["resources"])


def check_objects(objects, count):
    is_same("the objects are those of the contract, each once", [sorted(NAMES), len(NAMES)], [sorted(objects), count])
    label = [k for k, o in objects.items() if o["metadata"]["labels"].get("app.kubernetes.io/name") != "farguard"]
    is_same("all of them have our label", [], label)
    is_same("the Secret has no content", [], sorted({"data", "stringData"} & set(objects["Secret/farguard-tls"])))

    deployment = objects["Deployment/farguard-webhook"]["spec"]
    pod = deployment["template"]["spec"]
    main = pod["containers"][0]
    ports = {p["name"]: p["containerPort"] for p in main["ports"]}
    is_same("the pod listens on 8443 and 9090", {"admission": 8443, "metrics": 9090}, ports)
    is_same("the program is started with its configuration",
            ["/farguard-webhook", "--config", "/etc/farguard/farguard.yaml"], main["command"] + main["args"])
    is_same("it is told its namespace", [{"name": "POD_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}}],
            main["env"])
    for probe, path in (("readinessProbe", "/readyz"), ("livenessProbe", "/healthz")):
        get = main[probe]["httpGet"]
        is_same(f"{probe} asks for {path} over HTTPS", [path, "HTTPS", 8443],
                [get["path"], get["scheme"], ports.get(get["port"], get["port"])])
    mounts = {m["mountPath"]: v["configMap"]["name"] for m in main["volumeMounts"] for v in pod["volumes"]
              if v["name"] == m["name"]}
    is_same("the ConfigMap is mounted where the program reads it", {"/etc/farguard": "farguard"}, mounts)
    service = objects["Service/farguard-webhook"]["spec"]
    targets = {p["port"]: ports.get(p["targetPort"]) for p in service["ports"]}
    is_same("the Service leads to them", {443: 8443, 9090: 9090}, targets)
    labels = deployment["template"]["metadata"]["labels"]
    is_same("Service, Deployment and disruption budget select the pods", [True, True, True],
            [s.items() <= labels.items() for s in (service["selector"], deployment["selector"]["matchLabels"],
             objects["PodDisruptionBudget/farguard-webhook"]["spec"]["selector"]["matchLabels"])])
    is_same("there are two replicas, and an update takes none away first", [2, 0],
            [deployment["replicas"], deployment["strategy"]["rollingUpdate"]["maxUnavailable"]])

    configuration = objects["MutatingWebhookConfiguration/farguard"]["webhooks"]
    hook = configuration[0]
    is_same("two webhooks, at the Service, without a caBundle",
            [{"service": {"name": "farguard-webhook", "namespace": "farguard", "path": "/mutate", "port": 443}}] * 2,
            [entry["clientConfig"] for entry in configuration])
    probe = configuration[1]
    is_same("the second one, which fails closed, is for the self-probe in our namespace alone",
            ["selfprobe.farguard.io", "Fail", {"kubernetes.io/metadata.name": "farguard"}, {"farguard.io/selfprobe": "true"}],
            [probe["name"], probe["failurePolicy"], probe["namespaceSelector"]["matchLabels"], probe["objectSelector"]["matchLabels"]])
    is_same("it is asked about the creation of pods and their ephemeral containers",
            [{"apiGroups": [""], "apiVersions": ["v1"], "operations": [operation], "resources": [resource],
              "scope": "Namespaced"} for operation, resource in (("CREATE", "pods"), ("UPDATE", "pods/ephemeralcontainers"))],
            hook["rules"])
    is_same("it fails open, soon, without side effects on a dry run, and is asked again",
            ["Ignore", 3, "NoneOnDryRun", "IfNeeded"],
            [hook[k] for k in ("failurePolicy", "timeoutSeconds", "sideEffects", "reinvocationPolicy")])
    excluded = {e["key"]: (e["operator"], e["values"]) for s in ("namespaceSelector", "objectSelector")
                for e in hook[s]["matchExpressions"]}
    is_same("it is not asked about kube-system, its own namespace and its own pods",
            {"kubernetes.io/metadata.name": ("NotIn", ["kube-system", "farguard"]),
             "app.kubernetes.io/name": ("NotIn", ["farguard"])}, excluded)
    is_same("no port is the kubelet's", set(), KUBELET & (set(ports.values()) | set(targets)))

    is_same("cluster-wide it may read what bears on an injection, tell events and patch its own configuration, no more",
            [("events", [], ["create", "patch"]), ("events", [], ["list", "watch"]), ("limitranges", [], ["list", "watch"]),
             ("mutatingwebhookconfigurations", ["farguard"], ["get", "patch"]), ("namespaces", [], ["get", "list", "watch"]),
             ("pods", [], ["list", "watch"]), ("resourcequotas", [], ["list", "watch"])],
            rules(objects["ClusterRole/farguard-webhook"]))
    is_same("in its namespace it may read and write its own Secret, and ask for a pod, no more",
            [("pods", [], ["create"]), ("secrets", ["farguard-tls"], ["get", "update", "patch"])], rules(objects["Role/farguard-webhook"]))
    bound = {(b["roleRef"]["kind"], b["roleRef"]["name"], b["subjects"][0]["name"], b["subjects"][0]["namespace"])
             for k, b in objects.items() if k.split("/")[0].endswith("RoleBinding")}
    is_same("both roles are bound to its account",
            sorted([("ClusterRole", "farguard-webhook", "farguard-webhook", "farguard"),
                    ("Role", "farguard-webhook", "farguard-webhook", "farguard")]), sorted(bound))
    is_same("which the pod uses", "farguard-webhook", pod["serviceAccountName"])


def configuration_of(objects):
    return objects["ConfigMap/farguard"]["data"]["farguard.yaml"]


def plain(path):
    """By kind and name, without what only helm sets, and without the namespace that helm makes by an option."""
    def strip(node):
        if isinstance(node, dict):
            return {k: strip(v) for k, v in node.items()
                    if k not in ("helm.sh/chart", "app.kubernetes.io/managed-by", "app.kubernetes.io/instance")}
        return [strip(inner) for inner in node] if isinstance(node, list) else node

    return {key: strip(value) for key, value in load(path)[0].items() if key != "Namespace/farguard"}


def check_equal(name, rendered, built):
    want, got = plain(rendered), plain(built)
    strange = sorted(key for key in want.keys() | got.keys() if want.get(key) != got.get(key))
    is_same(name, [], strange)


def main():
    what, path = sys.argv[1:3]
    if what == "equal":
        check_equal(*sys.argv[2:])
        return
    objects, count = load(path)
    if what == "objects":
        check_objects(objects, count)
    elif what == "config":
        got, want = yaml.safe_load(configuration_of(objects)), yaml.safe_load(open(sys.argv[3]))
        is_same("the image is the payload's", {"reference": "farguard.test/farguard-payload:0.1.0",
                "pullPolicy": "IfNotPresent"}, got.pop("image"))
        want.pop("image")
        is_same("the configuration says by default what the sample says", want, got)
    elif what == "extract":
        print(configuration_of(objects), end="")
    elif what == "value":
        key, *keys = sys.argv[3].split("|")
        node = objects.get(key)
        for step in keys:
            if node is None:
                break
            node = node[int(step)] if isinstance(node, list) else node.get(step)
        print(json.dumps(node, sort_keys=True))
    else:
        sys.exit(2)


main()
