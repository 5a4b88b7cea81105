"""chance.py - task definitions by chance that ECS would take, always the same ones for a seed."""

import json
import random

WORDS = ["web", "api", "Worker", "log_router", "db-1", "envoy", "side_car", "x", "A9"]
VARIABLES = ["PATH", "LD_PRELOAD", "MODE", "farguard", "JAVA_OPTS"]


def sometimes(r, share=0.5):
    return r.random() < share


def container(r, name, essential, volumes, before):
    c = {"name": name, "image": f"{name.lower()}:{r.randrange(9)}"}
    if not essential or sometimes(r):
        c["essential"] = essential
    if sometimes(r, 0.7):
        c["entryPoint"] = r.choice([["/bin/" + name], ["sh", "-c"], ["/usr/bin/tini", "--", "/x"], [], ["é☃ $(X)"]])
    if sometimes(r):
        c["command"] = r.choice([["serve"], [], ["sleep 1; exec x", ""]])
    if sometimes(r):
        names = r.sample(VARIABLES, r.randrange(len(VARIABLES)))
        c["environment"] = [{"name": n, "value": r.choice(["", "a", "/lib/j.so", "a:b"])} for n in names]
    elif sometimes(r, 0.3):
        c["secrets"] = [{"name": r.choice(VARIABLES), "valueFrom": "arn:aws:ssm:eu-west-1:111122223333:parameter/x"}]
    if sometimes(r, 0.2):
        c["environmentFiles"] = [{"type": "s3", "value": "arn:aws:s3:::b/x.env"}]
    if volumes and sometimes(r):
        c["mountPoints"] = [{"sourceVolume": v, "containerPath": "/data/" + v} for v in r.sample(volumes, r.randrange(1, len(volumes) + 1))]
    if before and sometimes(r):
        c["dependsOn"] = [{"containerName": r.choice(before), "condition": "START"}]
    if sometimes(r, 0.3):
        c["memory"] = r.choice([64, 100, 128])
    if sometimes(r, 0.3):
        c["linuxParameters"] = {"initProcessEnabled": sometimes(r)}
    if sometimes(r):
        c["logConfiguration"] = {"logDriver": r.choice(["awslogs", "splunk"]), "options": {"awslogs-group": "g"}}
    if sometimes(r, 0.2):
        c["stopTimeout"] = r.choice([0, 30, 120])
    if sometimes(r, 0.2):
        c["dockerLabels"] = {"a": "b"}
    for key in ("environment", "mountPoints", "dependsOn"):
        if key not in c and sometimes(r, 0.15):
            c[key] = r.choice([[], None])
    members = list(c.items())
    r.shuffle(members)
    return dict(members)


def task(seed):
    r = random.Random(seed)
    names = r.sample(WORDS, r.randrange(1, 9))
    volumes = r.sample(["data", "far", "v_1"], r.randrange(4))
    essential = r.randrange(len(names))
    out = {"family": f"task-{seed}", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256",
           "memory": r.choice(["1024", 1024, "1 GB", "2048"]),
           "containerDefinitions": [container(r, n, i == essential or sometimes(r, 0.3), volumes, names[:i]) for i, n in enumerate(names)]}
    if volumes or sometimes(r, 0.3):
        out["volumes"] = [r.choice([{"name": v}, {"name": v, "host": {}}]) for v in volumes]
    if sometimes(r, 0.2):
        out["pidMode"] = "task"
    if "log_router" in names and sometimes(r):
        for c in out["containerDefinitions"]:
            if c["name"] == "log_router":
                c["firelensConfiguration"] = {"type": "fluentbit"}
                c.pop("dependsOn", None)
            elif sometimes(r):
                c["logConfiguration"] = {"logDriver": "awsfirelens", "options": {"Name": "x"}}
    if sometimes(r, 0.3):
        out["tags"] = [{"key": "farguard.io/exclude-containers", "value": r.choice(["web", "web api", "none"])}]
    return {"taskDefinition": out} if sometimes(r, 0.3) else out


def space(r):
    return r.choice(["", "", " ", "\n", "\t", "  \r\n "])


def text(r, value):
    """As JSON, with white space wherever it may be."""
    if isinstance(value, dict):
        members = (f"{space(r)}{text(r, k)}{space(r)}:{space(r)}{text(r, v)}{space(r)}" for k, v in value.items())
        return "{" + space(r) + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + space(r) + ",".join(space(r) + text(r, v) + space(r) for v in value) + "]"
    return json.dumps(value, ensure_ascii=sometimes(r))
