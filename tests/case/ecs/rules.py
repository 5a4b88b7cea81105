"""rules.py - what Amazon ECS refuses when a task definition is registered, as far as its documentation says.

Sources: API reference of RegisterTaskDefinition; developer guide, "task definition parameters" and "task definition
differences for Fargate"; service quotas.
"""

import json
import re

NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
CONDITIONS = {"START", "COMPLETE", "SUCCESS", "HEALTHY"}
CONTAINERS_MAX = 10
BYTES_MAX = 65536
STOP_SECONDS_MAX = 120
NOT_ON_FARGATE = {"disableNetworking", "dnsSearchDomains", "dnsServers", "dockerSecurityOptions", "extraHosts", "links", "privileged"}
MEMBERS = {
    "name", "image", "repositoryCredentials", "cpu", "memory", "memoryReservation", "links", "portMappings", "essential", "restartPolicy",
    "entryPoint", "command", "environment", "environmentFiles", "mountPoints", "volumesFrom", "linuxParameters", "secrets", "dependsOn",
    "startTimeout", "stopTimeout", "versionConsistency", "hostname", "user", "workingDirectory", "disableNetworking", "privileged",
    "readonlyRootFilesystem", "dnsServers", "dnsSearchDomains", "extraHosts", "dockerSecurityOptions", "interactive", "pseudoTerminal",
    "dockerLabels", "ulimits", "logConfiguration", "healthCheck", "systemControls", "resourceRequirements", "firelensConfiguration",
    "credentialSpecs"}


def inner(document):
    return document["taskDefinition"] if "taskDefinition" in document else document


def listed(thing, key):
    return thing.get(key) or []


def megabytes(value):
    found = re.fullmatch(r"\s*([0-9.]+)\s*(GB)?\s*", str(value))
    return float(found[1]) * (1024 if found[2] else 1)


def double(names):
    return sorted({n for n in names if names.count(n) > 1})


def waits(task):
    """Who waits for whom: as said by dependsOn, and for the log router by whoever logs through it."""
    containers = task["containerDefinitions"]
    routers = [c["name"] for c in containers if c.get("firelensConfiguration")]
    out = {c["name"]: {d["containerName"] for d in listed(c, "dependsOn")} for c in containers}
    for c in containers:
        if (c.get("logConfiguration") or {}).get("logDriver") == "awsfirelens":
            out[c["name"]].update(routers)
    return out


def has_cycle(graph):
    left = {name: set(others) for name, others in graph.items()}
    while left:
        free = [name for name, others in left.items() if not others & left.keys()]
        if not free:
            return True
        for name in free:
            del left[name]
    return False


def container_wrong(c, task, by_name, fargate):
    name = c["name"]
    volumes = {v["name"] for v in listed(task, "volumes")}
    variables = [e["name"] for e in listed(c, "environment")] + [s["name"] for s in listed(c, "secrets")]
    if not NAME.fullmatch(name):
        yield f"{name}: no name"
    if not c.get("image"):
        yield f"{name}: no image"
    if double(variables):
        yield f"{name}: variables twice: {double(variables)}"
    for mount in listed(c, "mountPoints"):
        if mount.get("sourceVolume") not in volumes or not mount.get("containerPath", "").startswith("/"):
            yield f"{name}: mount {mount}"
    if double([m["containerPath"] for m in listed(c, "mountPoints")]):
        yield f"{name}: two mounts at one path"
    for wait in listed(c, "dependsOn"):
        other = by_name.get(wait["containerName"])
        if other is None or wait.get("condition") not in CONDITIONS:
            yield f"{name}: waits for {wait}"
        elif wait["condition"] in ("SUCCESS", "COMPLETE") and other.get("essential", True):
            yield f"{name}: waits for the end of {other['name']}, which is essential"
        elif wait["condition"] == "HEALTHY" and not other.get("healthCheck"):
            yield f"{name}: waits for {other['name']}, which has no health check"
    if double([w["containerName"] for w in listed(c, "dependsOn")]):
        yield f"{name}: waits twice for one"
    if c.get("memory") and c.get("memoryReservation") and c["memoryReservation"] > c["memory"]:
        yield f"{name}: reserves more than its limit"
    if not (task.get("memory") or c.get("memory") or c.get("memoryReservation")):
        yield f"{name}: no memory, and the task has none"
    if any(m < 6 for m in (c.get("memory", 6), c.get("memoryReservation", 6))):
        yield f"{name}: less memory than Docker takes"
    if fargate:
        if NOT_ON_FARGATE & c.keys():
            yield f"{name}: {NOT_ON_FARGATE & c.keys()} on Fargate"
        added = ((c.get("linuxParameters") or {}).get("capabilities") or {}).get("add") or []
        if set(added) - {"SYS_PTRACE"}:
            yield f"{name}: adds {added}"
        if c.get("stopTimeout", 0) > STOP_SECONDS_MAX:
            yield f"{name}: stops too late"


def wrong(document):
    """Everything that ECS would refuse the definition for."""
    task = inner(document)
    containers = task["containerDefinitions"]
    by_name = {c["name"]: c for c in containers}
    fargate = "FARGATE" in listed(task, "requiresCompatibilities")
    out = []
    if len(by_name) != len(containers) or len(containers) > CONTAINERS_MAX:
        out.append("names twice, or too many containers")
    if not any(c.get("essential", True) for c in containers):
        out.append("no essential container")
    if double([v["name"] for v in listed(task, "volumes")]):
        out.append("two volumes of one name")
    for c in containers:
        out += container_wrong(c, task, by_name, fargate)
    if has_cycle(waits(task)):
        out.append("containers wait for each other")
    if task.get("memory"):
        taken = sum(max(c.get("memory") or 0, c.get("memoryReservation") or 0) for c in containers)
        if taken > megabytes(task["memory"]):
            out.append(f"containers take {taken} of {task['memory']}")
    if fargate and task.get("networkMode") != "awsvpc":
        out.append("Fargate without awsvpc")
    if len(json.dumps(task, separators=(",", ":"))) > BYTES_MAX:
        out.append("too large")
    return out


def ours_wrong(document):
    """What would not do in our two containers, beyond what holds for all."""
    by_name = {c["name"]: c for c in inner(document)["containerDefinitions"]}
    out = []
    for name in ("farguard-install", "farguard-agent"):
        c = by_name.get(name, {})
        if c.keys() - MEMBERS or c.get("essential") is not False or not c.get("readonlyRootFilesystem"):
            out.append(f"{name}: {sorted(c.keys() - MEMBERS)} {c.get('essential')}")
        if c.get("linuxParameters") != {"capabilities": {"drop": ["ALL"]}}:
            out.append(f"{name}: {c.get('linuxParameters')}")
    if listed(by_name.get("farguard-install", {}), "dependsOn"):
        out.append("farguard-install waits")
    return out


def registered(document):
    """The definition as ECS gives it back: with what it fills in."""
    out = json.loads(json.dumps(document))
    task = inner(out)
    for c in task["containerDefinitions"]:
        c.setdefault("cpu", 0)
        c.setdefault("essential", True)
        for key in ("environment", "mountPoints", "volumesFrom", "portMappings", "systemControls"):
            if not c.get(key):
                c[key] = []
    for key in ("volumes", "placementConstraints"):
        task[key] = task.get(key) or []
    return out
