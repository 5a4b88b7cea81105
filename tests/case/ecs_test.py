#!/usr/bin/python3
"""ecs_test.py [COUNT] - task definitions of ECS through farguardctl, and one run as ECS would run it.

Those in tests/case/ecs and 1,000 by chance: the patch applies by python's jsonpatch and gives what `inject` prints, what
it does not name is untouched, ECS would take it (ecs/rules.py), a second inject changes nothing, also when ECS has
filled in its defaults, and uninject gives the input back, to the byte.  The real part runs an injected container's
entryPoint and the agent's, each process 1 of a PID namespace.  TAP on stdout.
"""

import glob
import json
import os
import random
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
INSIDE = "FARGUARD_ECS_TEST_INSIDE"
sys.dont_write_bytecode = True
sys.path[:0] = [os.path.join(HERE, part) for part in ("ecs", "launch")]

if INSIDE not in os.environ:
    os.environ[INSIDE] = "1"
    own = ["--net"] if os.geteuid() == 0 else ["--map-root-user", "--net"]
    os.execvp("unshare", ["unshare", *own, "--", sys.executable, os.path.abspath(__file__), *sys.argv[1:]])
del os.environ[INSIDE]

import jsonpatch  # noqa: E402  (in the new namespace)
import jsonschema  # noqa: E402
import yaml  # noqa: E402

import chance  # noqa: E402
import place  # noqa: E402
import rules  # noqa: E402
import tap  # pylint: disable=wrong-import-position
import world  # noqa: E402
from world import report  # noqa: E402

PROGRAM = os.path.join(world.BUILD, "bin", "farguardctl")
SCHEMA = os.path.join(world.ROOT, "injector", "report", "schema.json")
COUNT = 1000
DIR = "/.farguard"
WRAP = [DIR + "/farguard", "run", "--"]
LIBRARY = DIR + "/libfarguard.so"
OURS = {"farguard-install", "farguard-agent"}
EDITED = {"entryPoint", "environment", "mountPoints", "dependsOn"}


class Wrong(Exception):
    """What should hold and does not."""


def ctl(args, text):
    result = subprocess.run([PROGRAM, *args], input=text, capture_output=True, timeout=120, check=False)
    if result.returncode != 0:
        raise Wrong(f"{' '.join(args)}: status {result.returncode}: {result.stderr.decode()[:400]}")
    return result.stdout, result.stderr.decode()


def documents(text):
    """Each task definition or other document of JSON text, those of a list one by one."""
    decoder, at, out = json.JSONDecoder(), 0, []
    text = text.decode()
    while text[at:].strip():
        at += len(text[at:]) - len(text[at:].lstrip())
        value, at = decoder.raw_decode(text, at)
        out += value if isinstance(value, list) else [value]
    return out


# --- one definition, before and after ---------------------------------------------
def covered_by(c):
    variables = {e["name"]: e["value"] for e in c.get("environment") or []}
    if (c.get("entryPoint") or [])[:3] == WRAP:
        return "command"
    return "preload-env" if variables.get("LD_PRELOAD", "").endswith(LIBRARY) else None


def compare_container(before, after):
    if {k: v for k, v in after.items() if k not in EDITED} != {k: v for k, v in before.items() if k not in EDITED}:
        raise Wrong(f"{before['name']}: a member of its own changed")
    how = covered_by(after)
    if how is None:
        if after != before:
            raise Wrong(f"{before['name']}: not covered, and changed")
        return how
    entry = before.get("entryPoint")
    if after.get("entryPoint") != (WRAP + entry if how == "command" else entry):
        raise Wrong(f"{before['name']}: entryPoint {after.get('entryPoint')}")
    if {"sourceVolume": "farguard", "containerPath": DIR, "readOnly": True} not in after["mountPoints"]:
        raise Wrong(f"{before['name']}: no payload")
    if {"containerName": "farguard-install", "condition": "SUCCESS"} not in after["dependsOn"]:
        raise Wrong(f"{before['name']}: does not wait for farguard-install")
    for key in ("mountPoints", "dependsOn"):
        if after[key][:-1] != (before.get(key) or []):
            raise Wrong(f"{before['name']}: {key} of its own changed")
    return how


def compare(before, after):
    """Raises where more than what is meant differs, or ECS would refuse it."""
    old, new = rules.inner(before), rules.inner(after)
    containers = {c["name"]: c for c in new["containerDefinitions"]}
    told = {entry.split(" ")[0]: entry.split(" ")[2] for e in containers["farguard-agent"]["environment"]
            if e["name"] == "FARGUARD_CONTAINERS" for entry in e["value"].split(";")}
    if not OURS <= containers.keys() or [c["name"] for c in new["containerDefinitions"] if c["name"] not in OURS] != \
            [c["name"] for c in old["containerDefinitions"]]:
        raise Wrong("containers are missing, or in another order")
    for c in old["containerDefinitions"]:
        how = compare_container(c, containers[c["name"]])
        if told[c["name"]] != how and not (how is None and told[c["name"]].startswith("!")):
            raise Wrong(f"{c['name']}: the agent is told {told[c['name']]}, it is {how}")
    rest = {k: v for k, v in new.items() if k not in ("containerDefinitions", "volumes")}
    if rest != {k: v for k, v in old.items() if k not in ("containerDefinitions", "volumes")}:
        raise Wrong("a member of the task changed")
    wrong = rules.wrong(after) + rules.ours_wrong(after)
    if wrong:
        raise Wrong("ECS would refuse it: " + "; ".join(wrong))


def again(after):
    """ECS fills in what is missing; nothing is to be done then either."""
    text = json.dumps(rules.registered(after)).encode()
    out, said = ctl(["inject"], text)
    if out != text or "already-injected" not in said:
        raise Wrong(f"after registration something is to be done: {said}")


def round_trip(text, expected=None):
    """Everything that holds for a text of task definitions; how many were injected."""
    injected, said = ctl(["inject"], text)
    patches = [json.loads(line) for line in ctl(["inject", "-o", "patch"], text)[0].splitlines()]
    before, after = documents(text), documents(injected)
    if len(before) != len(after) or len(patches) != len(after):
        raise Wrong(f"{len(before)} documents, {len(after)} afterwards, {len(patches)} patches")
    done = 0
    for old, new, patch in zip(before, after, patches):
        if json.dumps(jsonpatch.apply_patch(old, patch["patch"])) != json.dumps(new):
            raise Wrong("the patch does not give what inject prints")
        if patch["reason"] == "injected":
            compare(old, new)
            done += 1
        elif patch["patch"]:
            raise Wrong(f"{patch['reason']}, and a patch")
    if expected is not None and [p["reason"] for p in patches] != expected:
        raise Wrong(f"reasons {[p['reason'] for p in patches]}: {said}")
    if ctl(["inject"], injected)[0] != injected:
        raise Wrong("a second inject changes something")
    if ctl(["uninject"], injected)[0] != text:
        raise Wrong("uninject does not give the input back")
    return after


def check(name, work):
    try:
        work()
        report(True, name)
    except (Wrong, KeyError, IndexError, ValueError) as why:
        report(False, name, f"{type(why).__name__}: {why}")


# --- files ---------------------------------------------------------------------
def files():
    expected = {"list": ["injected"] * 2, "stream": ["injected", "unsupported-kind", "injected"]}
    for path in sorted(glob.glob(os.path.join(HERE, "ecs", "*.json"))):
        name = os.path.basename(path)[:-5]
        text = open(path, "rb").read()

        def work(name=name, text=text):
            for document in documents(text):
                if "kind" not in document and name != "nulls" and rules.wrong(document) and "memory" in rules.inner(document):
                    raise Wrong(f"ECS would refuse the example: {rules.wrong(document)}")
            after = round_trip(text, expected.get(name, ["injected"]))
            if name != "nulls":
                for document in after:
                    if "kind" not in document:
                        again(document)

        check(f"{name}.json", work)


def as_yaml():
    path = os.path.join(HERE, "ecs", "cli.yaml")
    text = open(path, "rb").read()
    injected, _ = ctl(["inject"], text)
    before, after = yaml.safe_load(text), yaml.safe_load(injected)
    compare(before, after)
    if yaml.safe_load(ctl(["uninject"], injected)[0]) != before or ctl(["inject"], injected)[0] != injected:
        raise Wrong("YAML does not come back")


def by_chance(count):
    def work():
        counted = {"injected": 0, "no-container-selected": 0}
        tasks = [chance.task(seed) for seed in range(count)]
        for i in range(0, count, 50):
            text = "\n".join(chance.text(random.Random(i), t) if i % 200 == 0 else json.dumps(t, indent=(None, 2, "\t")[i // 50 % 3])
                             for t in tasks[i:i + 50]).encode()
            for seed, t in enumerate(tasks[i:i + 50], i):
                if rules.wrong(t):
                    raise Wrong(f"seed {seed}: ECS would refuse the example: {rules.wrong(t)}")
            try:
                round_trip(text)
            except (Wrong, KeyError) as why:
                raise Wrong(f"seeds {i} to {i + 49}: {why}") from why
            for line in ctl(["inject", "-o", "patch"], text)[0].splitlines():
                counted[json.loads(line)["reason"]] += 1
        world.figure(f"{counted}")
        if counted["injected"] < count // 2 or not counted["no-container-selected"]:
            raise Wrong(f"{counted}: chance does not reach both")

    check(f"{count} definitions by chance", work)


# --- what is left alone, and options -------------------------------------------------
def left_alone():
    base = {"family": "f", "networkMode": "awsvpc", "containerDefinitions": [{"name": "a", "image": "a", "entryPoint": ["/a"]}]}
    cases = {
        "windows": {"runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}},
        "host-network": {"networkMode": "host"},
        "host-pid": {"pidMode": "host"},
        "not-fargate": {"networkMode": "bridge"},
        "no-container-selected": {"runtimePlatform": {"cpuArchitecture": "ARM64"}},
        "opted-out": {"tags": [{"key": "farguard.io/inject", "value": "disabled"}]},
        "name-collision": {"volumes": [{"name": "farguard"}]},
        "too-large": {"containerDefinitions": [{"name": f"c{i}", "image": "c", "entryPoint": ["/c"]} for i in range(9)]},
        "malformed": {"containerDefinitions": [{"name": "a", "entryPoint": "/a"}]},
    }
    for reason, change in cases.items():
        def work(reason=reason, change=change):
            text = json.dumps({**base, **change}).encode()
            out, said = ctl(["inject"], text)
            if out != text or f"-:1:1: TaskDefinition/f: {reason}: " not in said:
                raise Wrong(said)

        check(f"{reason} is passed on as it is, and said", work)

    def said():
        _, out = ctl(["uninject"], json.dumps(base).encode())
        if "not-injected: Farguard is not in the task" not in out:
            raise Wrong(out)
        _, out = ctl(["inject", "--namespace-annotation", "farguard.io/inject=disabled"], json.dumps(base).encode())
        if "opted-out" not in out:
            raise Wrong(out)
        _, out = ctl(["inject"], json.dumps({"taskDefinition": {**base, "revision": 1}}).encode())
        if "registeredBy" not in out:
            raise Wrong(out)

    check("the command line opts in and out, and what register refuses is said", said)


def preload_always():
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as config:
        config.write("inject:\n  preloadEnv: always\n")
        config.flush()
        text = json.dumps({"family": "f", "networkMode": "awsvpc", "memory": "512", "containerDefinitions": [
            {"name": "image", "image": "a"}, {"name": "file", "image": "b", "environmentFiles": [{"type": "s3", "value": "x"}]}]}).encode()
        out, _ = ctl(["inject", "--config", config.name], text)
        compare(json.loads(text), json.loads(out))
        how = [covered_by(c) for c in json.loads(out)["containerDefinitions"][:2]]
        if how != ["preload-env", None] or ctl(["uninject"], out)[0] != text:
            raise Wrong(how)


# --- for real ------------------------------------------------------------------------
def argv_of(c):
    """Its program with its variables and no others: what sets the place up must not be preloaded."""
    # Of a sanitized build the launcher would refuse to be preloaded.
    variables = {"PATH": os.environ["PATH"], "ASAN_OPTIONS": "verify_asan_link_order=0"}
    variables.update({e["name"]: e["value"] for e in c.get("environment") or []})
    return ["env", "-i", *(f"{k}={v}" for k, v in variables.items()), *c.get("entryPoint", []), *c["command"]]


def run_task(containers, seconds=30):
    """Runs each container and the agent; the statuses of the former and the records of the latter."""
    by_name = {c["name"]: c for c in containers}
    agent = by_name["farguard-agent"]
    programs = {"/farguard": world.FARGUARD, "/farguard-agent": os.path.join(world.BUILD, "bin", "farguard-agent")}
    argv = [programs.get(word, word) for word in argv_of(agent)]
    with tempfile.TemporaryFile() as log:
        reporter = subprocess.Popen(place.as_pid1(argv), stdout=log)
        status = {}
        for c in containers:
            if c["name"] not in OURS:
                status[c["name"]] = subprocess.run(place.in_root(argv_of(c)), timeout=seconds, check=False).returncode
        children = world.children(reporter.pid)
        for pid in children:
            os.kill(pid, 15)
        try:
            status["farguard-agent"] = reporter.wait(seconds)
        finally:
            reporter.kill()
        log.seek(0)
        return status, [json.loads(line) for line in log.read().splitlines()]


def for_real():
    task = {"family": "real", "networkMode": "awsvpc", "memory": "512", "containerDefinitions": [
        {"name": "Main_1", "image": "a:1", "entryPoint": ["sh", "-c"], "command": ["cat /dev/null; exit 7"]},
        {"name": "by-variable", "image": "b:1", "essential": False, "command": ["sh", "-c", "head -c 0 /dev/null"],
         "environment": [{"name": "LD_PRELOAD", "value": ""}]}]}
    place.install()
    out = json.loads(ctl(["inject"], json.dumps(task).encode())[0])
    status, records = run_task(out["containerDefinitions"])
    covered = {r["container"]: r.get("how") for r in records if r["kind"] == "coverage" and r["covered"]}
    started = {(r["container"], r["proc"]["name"]) for r in records if r["kind"] == "event" and r["type"] == "execve"}
    report(status == {"Main_1": 7, "by-variable": 0, "farguard-agent": 0}, "each ends as it would, and the agent with 0", status)
    report(covered == {"Main_1": "command", "by-variable": "preload-env"}, "the agent hears of both, without a pod's identity", records)
    report({("Main_1", "sh"), ("Main_1", "cat"), ("by-variable", "head")} <= started, "and of what they start", started)
    report({r["workload"] for r in records} == {"TaskDefinition/real"} and records[-1]["kind"] == "goodbye", "as TaskDefinition/real")
    with open(SCHEMA, encoding="utf-8") as file:
        validator = jsonschema.Draft202012Validator(json.load(file))
    bad = [next(validator.iter_errors(r)).message for r in records if not validator.is_valid(r)]
    report(not bad, "its lines are by the schema", bad[:3])


def main():
    try:
        files()
        check("cli.yaml", as_yaml)
        by_chance(int(sys.argv[1]) if len(sys.argv) > 1 else COUNT)
        left_alone()
        check("preloadEnv: always sets the variable where nothing else may", preload_always)
        for_real()
        status = tap.end()
    finally:
        world.leave()
    sys.exit(status)


main()
