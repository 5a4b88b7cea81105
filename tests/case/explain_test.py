#!/usr/bin/python3
"""explain_test.py - `farguardctl explain` says what inject does, on every pod of the cases; and colour only where it is read.

TAP on stdout.  FARGUARD_BUILD names the build directory, else FARGUARD_MODE the mode (release).
"""

import glob
import json
import os
import pty
import re
import subprocess
import sys
import tempfile

import yaml
from tap import end, report

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(ROOT, os.environ.get("FARGUARD_BUILD") or "build/" + os.environ.get("FARGUARD_MODE", "release"))
PROGRAM = os.path.join(BUILD, "bin", "farguardctl")
STATUS = "farguard.io/status"
POD = b"{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: [{name: web, image: i}]}}\n"


def run(*args, stdin=b"", **more):
    return subprocess.run([PROGRAM, *args], input=stdin, capture_output=True, timeout=120, check=False, **more)


def explained(*args, stdin):
    result = run("explain", "-o", "json", *args, stdin=stdin)
    return [json.loads(line) for line in result.stdout.splitlines()], result


def section(text, word):
    match = re.search(rf"^@{word}[^\n]*\n(.*?)(?=^@|\Z)", text, re.S | re.M)
    return match.group(1) if match else None


def differences(pod, args):
    """What explain and inject say differently about one pod."""
    document = json.dumps({"apiVersion": "v1", "kind": "Pod", **pod}).encode()
    wrong = []
    (one,), _ = explained(*args, stdin=document)
    patch = json.loads(run("inject", "-o", "patch", *args, stdin=document).stdout)
    if one["reason"] != patch["reason"]:
        wrong.append(f"{one['reason']} is not {patch['reason']}")
    if one["inject"] != (one["reason"] in ("injected", "repaired", "already-injected")):
        wrong.append(f"inject is {one['inject']} for {one['reason']}")
    after = run("inject", *args, stdin=document).stdout
    if one["reason"] not in ("injected", "repaired"):
        bad = [c for c in one["containers"] if c["covered"] != one["inject"] and not c["reason"]]
        return wrong + bad
    status = json.loads(json.loads(after)["metadata"]["annotations"][STATUS])
    said = {c["name"]: {k: c[k] for k in ("covered", "how" if c["covered"] else "reason")} for c in one["containers"]}
    if said != status["containers"]:
        wrong.append(f"containers {said} are not {status['containers']}")
    for key in ("after", "pricePerMonthDelta") + (("before",) if one["reason"] == "injected" else ()):
        if one["fargate"][key] != status["fargate"][key]:
            wrong.append(f"{key} {one['fargate'][key]} is not {status['fargate'][key]}")
    if one["warnings"] != status["warnings"]:
        wrong.append(f"{one['warnings']} are not {status['warnings']}")
    # What is injected already is told as it was told before.
    (again,), _ = explained(*args, stdin=after)
    if again["reason"] != "already-injected" or not again["inject"]:
        wrong.append(f"then {again['reason']}")
    if one["reason"] == "injected":
        for key in ("containers", "fargate", "warnings"):
            if again[key] != one[key]:
                wrong.append(f"then {key}: {again[key]}\nnot {one[key]}")
    return wrong


def test_as_inject(work):
    count = 0
    for path in sorted(glob.glob(os.path.join(HERE, "*.case"))):
        with open(path, encoding="utf-8") as f:
            text = f.read()
        config, request = section(text, "config"), yaml.safe_load(section(text, "request") or "{}")
        pod = yaml.safe_load(section(text, "pod") or "null")
        if not isinstance(pod, dict) or "object" in request:
            continue
        args = ["-n", request.get("namespace", "shop")]
        if config:
            name = os.path.join(work, "config.yaml")
            with open(name, "w", encoding="utf-8") as f:
                f.write(config)
            args += ["--config", name]
        if run("config", "check", args[-1]).returncode != 0 and config:
            continue
        wrong = differences(pod, args)
        count += 1
        report(not wrong, f"{os.path.basename(path)[:-5]}: explain says what inject does", "\n".join(map(str, wrong)))
    report(count > 40, "most cases have a pod", count)


def on_terminal(*args, **env):
    """The first bytes of the text on a terminal."""
    reader, writer = pty.openpty()
    variables = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "TERM")}
    process = subprocess.Popen([PROGRAM, "explain", *args], stdin=subprocess.PIPE, stdout=writer, env={**variables, **env})
    os.close(writer)
    process.stdin.write(POD)
    process.stdin.close()
    out = b""
    try:
        while chunk := os.read(reader, 65536):
            out += chunk
    except OSError:
        pass
    os.close(reader)
    process.wait(60)
    return out.replace(b"\r\n", b"\n")


def test_color():
    plain = run("explain", stdin=POD).stdout
    report(b"\x1b" not in plain and b"guarded: injected" in plain, "no colour where no terminal is", plain)
    for name, args, env, colored in (
            ("a terminal", [], {"TERM": "xterm"}, True),
            ("an empty NO_COLOR", [], {"TERM": "xterm", "NO_COLOR": ""}, True),
            ("NO_COLOR", [], {"TERM": "xterm", "NO_COLOR": "1"}, False),
            ("a dumb terminal", [], {"TERM": "dumb"}, False),
            ("--color never", ["--color", "never"], {"TERM": "xterm"}, False),
            ("--color always with NO_COLOR", ["--color=always"], {"NO_COLOR": "1"}, True)):
        out = on_terminal(*args, **env)
        stripped = re.sub(rb"\x1b\[\d*m", b"", out)
        report((b"\x1b[" in out) == colored and stripped == plain, f"{name}: {'colour' if colored else 'none'}", out)
    always = run("explain", "--color", "always", stdin=POD).stdout
    report(b"\x1b[32mguarded" in always, "--color always colours a pipe", always)
    report(b"\x1b" not in run("explain", "--color", "always", "-o", "json", stdin=POD).stdout, "JSON has no colour")


def test_input():
    nothing = run("explain", stdin=b"")
    report(nothing.returncode == 0 and nothing.stdout == b"0 of 0 workloads are guarded\n", "nothing is no workload", nothing)
    lines, result = explained(stdin=b"")
    report(not lines and result.returncode == 0, "nothing gives no JSON")
    for name, data in (("half a document", b"a: [1,\n"), ("a pod, then half a document", POD + b"---\na: [\n"),
                       ("binary", bytes(range(256)))):
        result = run("explain", stdin=data)
        report(result.returncode == 3 and not result.stdout and result.stderr.startswith(b"farguardctl: -:"),
               f"{name} is refused, with nothing on stdout", result)
    lines, _ = explained(stdin=b"{kind: Pod, apiVersion: v1, metadata: {name: x}, spec: []}\n---\n[1]\n---\n7\n")
    report([line["reason"] for line in lines] == ["malformed", "unsupported-kind", "unsupported-kind"],
           "documents of other shapes are told too", lines)
    many = yaml.safe_dump({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": {
        "containers": [{"name": f"c{i}", "image": "i"} for i in range(300)]}}).encode()
    lines, result = explained(stdin=many)
    report(lines and lines[0]["reason"] == "too-large" and result.returncode == 0, "more containers than are looked at", result)
    other = b"{apiVersion: example.com/v1, kind: LimitRange, metadata: {name: x}, spec: {limits: [{type: Container, min: {cpu: 9}}]}}\n"
    lines, _ = explained(stdin=other + b"---\n" + POD)
    report(lines[1]["reason"] == "injected", "a LimitRange of another group is none", lines)


def main():
    with tempfile.TemporaryDirectory() as work:
        test_as_inject(work)
        test_color()
        test_input()
    sys.exit(end())


main()
