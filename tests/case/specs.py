"""specs.py - pods by chance, the same ones for the same seed.

pod(rng, valid) makes one.  valid: an API server may take it (whether it does is for the server to say); else it may
also hold what only a file can: unknown fields, nulls, odd numbers, names that collide with ours.
"""

import json

HUGE = 9.87e300  # text() writes 1e400, which Python cannot hold
UNICODE = ["ü", "日本", "a~b/c", "\"quoted\"", "tab\t", "\u2028", "💥", "\\", "$(X)", "$$"]
IMAGES = ["nginx:1.25", "shop/web", "registry.example:5000/a/b:v1.2", "redis@sha256:" + "0" * 64, "busybox:latest"]
COMMANDS = [None, ["sh", "-c", "exec app \"$0\""], ["/app"], ["/bin/app", "--flag=$(A)", "ü"]]
MOUNTS = ["/data", "/var/cache", "/etc/app", "/tmp", "/etc", "/etc/ld.so.preload", "/a/b/c"]
OUR_NAMES = ["farguard", "farguard-no-token", "farguard-init"]
OTHERS = ["istio-proxy", "linkerd-proxy", "vault-agent"]


def some(rng, chance):
    return rng.random() < chance


def quantity(rng, kind):
    if kind == "cpu":
        return rng.choice(["50m", "100m", "250m", "500m", "1", "0.1", "1500m", "2"])
    return rng.choice(["16Mi", "32Mi", "64Mi", "128Mi", "256Mi", "512Mi", "1Gi", "100M", "134217728"])


def resources(rng):
    how = rng.random()
    if how < 0.25:
        return None
    if how < 0.5:
        same = {"cpu": quantity(rng, "cpu"), "memory": quantity(rng, "memory")}
        return {"requests": dict(same), "limits": dict(same)}
    if how < 0.7:
        return {"requests": {"cpu": "50m", "memory": "16Mi"}, "limits": {"cpu": quantity(rng, "cpu"), "memory": quantity(rng, "memory")}}
    if how < 0.85:
        return {"limits": {rng.choice(["cpu", "memory"]): "1"}} if some(rng, 0.2) else {"limits": {"memory": quantity(rng, "memory")}}
    return {"requests": {"cpu": quantity(rng, "cpu")}}


def variables(rng, valid):
    out = [{"name": f"V{i}", "value": rng.choice(["x", "", "1e3", *UNICODE])} for i in range(rng.randrange(3))]
    if some(rng, 0.2):
        out.append({"name": "LD_PRELOAD", "value": rng.choice(["/usr/lib/libjemalloc.so.2", "/a.so /b.so", "/a.so:/b.so", "", "$(V0)"])})
    elif some(rng, 0.1):
        out.append({"name": "LD_PRELOAD", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k", "optional": True}}})
    if some(rng, 0.15):
        out.append({"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}})
    if not valid and some(rng, 0.03):
        out.append({"name": "FARGUARD_CONTAINER", "value": "mine"})
    rng.shuffle(out)
    return out


def security(rng, valid):
    full = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"}}
    if some(rng, 0.8):
        if some(rng, 0.4):
            full["runAsUser"] = rng.choice([1000, 65532, 101])
        if some(rng, 0.3):
            full["readOnlyRootFilesystem"] = True
        return full
    return rng.choice([None, {}, {"runAsUser": 0}, {"capabilities": {"add": ["NET_ADMIN"]}}, {"privileged": True}] if not valid else
                      [None, {"runAsUser": 0}, {"privileged": True}])


def probe(rng):
    return rng.choice([{"exec": {"command": ["true"]}}, {"httpGet": {"path": "/", "port": 80}}, {"tcpSocket": {"port": "web"}}])


def container(rng, name, volumes, valid, init=False):
    out = {"name": name, "image": rng.choice(IMAGES)}
    command = rng.choice(COMMANDS)
    if command:
        out["command"] = list(command)
    elif not valid and some(rng, 0.1):
        out["command"] = rng.choice([None, []])
    if some(rng, 0.4):
        out["args"] = rng.choice([["serve"], ["--x", "$(V0)", "💥"]] + ([[]] if not valid else []))
    env = variables(rng, valid)
    if env or (not valid and some(rng, 0.1)):
        out["env"] = env
    if some(rng, 0.1):
        out["envFrom"] = [{"configMapRef": {"name": "settings", "optional": True}}]
    mounts = [{"name": v, "mountPath": path} for v, path in zip(volumes, rng.sample(MOUNTS, len(MOUNTS))) if some(rng, 0.6)]
    if mounts:
        out["volumeMounts"] = mounts
    given = resources(rng)
    if given:
        out["resources"] = given
    context = security(rng, valid)
    if context is not None:
        out["securityContext"] = context
    if some(rng, 0.3):
        out["imagePullPolicy"] = rng.choice(["Always", "IfNotPresent", "Never"])
    if some(rng, 0.1):
        out.update(stdin=True, tty=True)
    if init and some(rng, 0.3):
        out["restartPolicy"] = "Always"
    if not init:
        if some(rng, 0.3):
            out["ports"] = [{"name": "web", "containerPort": 80}]
            out["readinessProbe"] = probe(rng)
        if some(rng, 0.2):
            out["lifecycle"] = {"preStop": {"exec": {"command": ["sleep", "1"]}}}
    if not valid and some(rng, 0.1):
        out["futureField"] = {"n": rng.choice([HUGE, 18446744073709551615, -0.0, 1.10, None, [], {}, True]), "ü/~": [[]]}
    return out


def metadata(rng, valid):
    out = {"name": f"p{rng.randrange(1 << 30)}"}
    if some(rng, 0.5):
        out["labels"] = {"app": "web", "example.com/a-b": "1"}
        if some(rng, 0.3):
            out["labels"]["eks.amazonaws.com/fargate-profile"] = "default"
    if some(rng, 0.5):
        out["annotations"] = {"example.com/note": rng.choice(UNICODE), "a.b/c": ""}
        if some(rng, 0.2):
            out["annotations"]["farguard.io/exclude-containers"] = rng.choice(["c1", "c*", "none,c2", "*"])
        if some(rng, 0.1):
            out["annotations"]["farguard.io/status"] = rng.choice(["{}", "not json", '{"reason":"injected","undo":{"created":["/spec"]}}'])
        if some(rng, 0.05):
            out["annotations"]["farguard.io/sensor"] = "telepathy"
        if some(rng, 0.2):
            out["annotations"]["farguard.io/pid1"] = rng.choice(["program", "program", "farguard", "auto", "Program"])
    elif not valid and some(rng, 0.2):
        out["annotations"] = rng.choice([None, {}])
    return out


def volume(rng, name):
    return {"name": name, **rng.choice([{"emptyDir": {}}, {"emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}},
                                        {"configMap": {"name": "c", "optional": True}}, {"secret": {"secretName": "s", "optional": True}},
                                        {"downwardAPI": {"items": [{"path": "n", "fieldRef": {"fieldPath": "metadata.name"}}]}}])}


def extras(rng, spec):
    for chance, fields in ((0.15, {"terminationGracePeriodSeconds": 5}), (0.1, {"shareProcessNamespace": True}),
                           (0.1, {"hostAliases": [{"ip": "127.0.0.1", "hostnames": ["a.example"]}]}),
                           (0.1, {"dnsConfig": {"options": [{"name": "ndots", "value": "2"}]}}),
                           (0.1, {"activeDeadlineSeconds": 60}), (0.05, {"imagePullSecrets": [{"name": "regcred"}]}),
                           (0.1, {"tolerations": [{"operator": "Exists"}]}), (0.04, {"hostNetwork": True}), (0.03, {"hostPID": True}),
                           (0.5, {"automountServiceAccountToken": False}), (0.05, {"priorityClassName": "system-cluster-critical"})):
        if some(rng, chance):
            spec.update(fields)


def pod(rng, valid=True):
    """A Pod as a dict."""
    volumes = [f"v{i}" for i in range(rng.randrange(4))]
    if not valid and some(rng, 0.03):
        volumes.append(rng.choice(OUR_NAMES))
    mains = rng.randrange(1, 4) if some(rng, 0.95) else 12
    spec = {"containers": [container(rng, f"c{i}", volumes, valid) for i in range(mains)]}
    if some(rng, 0.1):
        spec["containers"].append(container(rng, rng.choice(OTHERS), volumes, valid))
    if some(rng, 0.35):
        spec["initContainers"] = [container(rng, f"i{i}", volumes, valid, True) for i in range(rng.randrange(1, 4))]
    if volumes:
        spec["volumes"] = [volume(rng, v) for v in volumes]
    if some(rng, 0.4):
        spec["restartPolicy"] = rng.choice(["Always", "OnFailure", "Never"])
    if some(rng, 0.3):
        spec["securityContext"] = rng.choice([{"runAsUser": 1000}, {"fsGroup": 2000}, {"runAsNonRoot": True}])
    extras(rng, spec)
    if not valid and some(rng, 0.1):
        spec[rng.choice(["initContainers", "volumes"])] = rng.choice([None, []])
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata(rng, valid), "spec": spec}


def text(made, ascii_only):
    return json.dumps(made, ensure_ascii=ascii_only).replace("9.87e+300", "1e400")
