#!/usr/bin/python3
"""ctl_test.py - farguardctl and everything that people get wrong: one clear line, the right status, nothing half-written.

TAP on stdout.  FARGUARD_BUILD names the build directory, else FARGUARD_MODE the mode (release).
"""

import base64
import copy
import json
import os
import pty
import subprocess
import sys
import tempfile

import jsonpatch
import yaml
from tap import end, report

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(ROOT, os.environ.get("FARGUARD_BUILD") or "build/" + os.environ.get("FARGUARD_MODE", "release"))
PROGRAM = os.path.join(BUILD, "bin", "farguardctl")
SAMPLE = os.path.join(ROOT, "charts/farguard/files/farguard.yaml")


def run(*args, stdin=b"", **more):
    if isinstance(stdin, bytes):
        more["input"] = stdin
    else:
        more["stdin"] = stdin
    more.setdefault("stdout", subprocess.PIPE)
    return subprocess.run([PROGRAM, *args], stderr=subprocess.PIPE, timeout=120, check=False, **more)


def refused(name, status, words, *args, one_line=True, **more):
    """The program must leave with `status`, say `words` in one line, and write nothing."""
    result = run(*args, **more)
    lines = result.stderr.decode(errors="replace").splitlines()
    good = (result.returncode == status and not result.stdout and lines and lines[0].startswith("farguardctl: ")
            and words in lines[0] and (len(lines) == 1 or not one_line))
    report(good, name, f"exit {result.returncode}, stdout {(result.stdout or b'')[:200]!r}\n" + "\n".join(lines))


def pod(**spec):
    return {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "web", "image": "i"}], **spec}}


def request(object_, **more):
    return json.dumps({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {"uid": "u-1", "kind": {"group": "", "version": "v1", "kind": "Pod"}, "namespace": "shop",
                    "operation": "CREATE", "object": object_, **more}}).encode()


def answer(object_, *args):
    """The reason, and the pod behind the patch."""
    result = run("review", *args, stdin=request(object_))
    response = json.loads(result.stdout)["response"]
    patch = json.loads(base64.b64decode(response.get("patch", "W10=")))
    return response["auditAnnotations"]["reason"], jsonpatch.apply_patch(copy.deepcopy(object_), patch)


def test_usage():
    refused("no verb is a wrong use", 2, "a verb is missing", one_line=False)
    refused("an unknown verb is refused, with a list", 2, 'unknown verb "frob"', "frob", one_line=False)
    refused("config without check is refused", 2, "config takes the word check", "config", one_line=False)
    for verb in ("review", "version"):
        refused(f"{verb}: an unknown long option", 2, "--frob", verb, "--frob")
        refused(f"{verb}: an unknown short option", 2, "-x", verb, "-x")
    refused("an option without its value", 2, "a value is missing", "review", "--config")
    refused("a value for an option that has none", 2, "no value belongs to", "review", "--help=yes")
    refused("an option of another verb", 2, "does not take", "version", "--config", "x")
    refused("a verb with a slip", 2, 'did you mean "uninject"?', "unijnect", one_line=False)
    refused("a verb of two words with a slip", 2, 'did you mean "config check"?', "confg", "check", one_line=False)
    refused("an option with a slip", 2, "did you mean --namespace?", "review", "--namspace=x")
    refused("another verb's option is not meant", 2, "see farguardctl help version", "version", "--confi=x")
    refused("a format of another verb", 2, ", not one of json, text;", "version", "-o", "patch")
    refused("an operand where none belongs", 2, "no operand", "version", "x")
    refused("native sidecars are true or false", 2, "true or false", "review", "--native-sidecars=1")
    refused("a namespace annotation needs a value", 2, "KEY=VALUE", "review", "--namespace-annotation", "x")
    refused("a namespace annotation of another key", 2, "farguard.io/inject", "review", "--namespace-annotation=a=b")
    refused("standard input is read once", 2, "once", "config", "check", "-f", "-", "-")
    refused("two requests are not one", 2, "one request", "review", SAMPLE, SAMPLE)
    help_ = run("help", "review")
    report(help_.returncode == 0 and b"--native-sidecars" in help_.stdout and not help_.stderr, "help of a verb")
    report(run("review", "--help").stdout == help_.stdout, "a verb's --help is its help")
    report(b"config check" in run("--help").stdout, "--help lists the verbs")
    report(run("version").stdout == run("--version").stdout == b"farguardctl 0.1.0\n", "the version")
    report(json.loads(run("version", "-o", "json").stdout) == {"version": "0.1.0"}, "the version for programs")
    refused("help of an unknown verb", 2, "unknown verb", "help", "frob", one_line=False)


def test_options():
    body = request(pod())
    whole = run("review", stdin=body).stdout
    report(whole == run("review", "-f", "-", stdin=body).stdout == run("review", "-", stdin=body).stdout
           == run("review", "-f=-", stdin=body).stdout == run("review", "--filename=-", stdin=body).stdout
           == run("review", "-n", "x", "--", "-", stdin=body).stdout, "each spelling of an option means the same")
    report(not whole.endswith(b"\n") and json.loads(whole)["response"]["allowed"], "the answer ends as the server's")
    reader, writer = pty.openpty()
    refused("a terminal is no input", 2, "no input", "review", stdin=reader)
    os.close(reader)
    os.close(writer)


def test_files(work):
    empty = os.path.join(work, "empty")
    os.mkdir(empty)
    refused("a file that is missing", 3, "nothing.yaml: No such file", "config", "check", "nothing.yaml")
    refused("a directory without manifests", 3, "no *.yaml", "config", "check", empty)
    refused("a name with a line feed stays one line", 3, "no?such", "config", "check", "no\nsuch")
    refused("a configuration that is missing", 3, "No such file", "review", "--config", "nothing", stdin=request(pod()))
    refused("a configuration that is a directory", 3, "directory", "review", "--config", work, stdin=request(pod()))
    for name, text in (("b.yaml", "mode: enforce\n"), ("a.yml", "mode: detect\n"), ("c.json", "{}\n"), ("d.txt", "}")):
        with open(os.path.join(empty, name), "w", encoding="utf-8") as f:
            f.write(text)
    os.mkdir(os.path.join(empty, "e.yaml"))
    result = run("config", "check", "-f", "empty", cwd=work)
    report(result.stdout == b"empty/a.yml: valid\nempty/b.yaml: valid\nempty/c.json: valid\n",
           "a directory's manifests, sorted", result.stdout)
    large = os.path.join(work, "large")
    with open(large, "wb") as f:
        f.truncate((64 << 20) + 1)
    refused("a file that is too large", 3, "longer than", "config", "check", large)


def test_bytes():
    body = request(pod())
    bad = []
    for end in range(0, len(body), 7):
        result = run("review", stdin=body[:end])
        lines = result.stderr.count(b"\n")
        if result.returncode != 3 or result.stdout or lines != 1 or not result.stderr.startswith(b"farguardctl: -:1:"):
            bad.append((end, result.returncode, result.stderr))
    report(not bad, "a request that ends early is refused wherever it ends", bad)
    for name, data in (("binary", bytes(range(256)) * 16), ("NUL", body + b"\0"), ("UTF-16", body.decode().encode("utf-16")),
                       ("text", b"hello\n"), ("no UTF-8", body.replace(b"web", b"\xff\xfe\xfd")),
                       ("a BOM", b"\xef\xbb\xbf" + body), ("much", b"[" * (1 << 20))):
        refused(f"{name} is no request", 3, "-:1:", "review", stdin=data)
    refused("binary is no configuration", 3, "", "config", "check", "-", stdin=bytes(range(256)) * 16)
    deep = request({"spec": json.loads("[" * 80 + "]" * 80)})
    report(json.loads(run("review", stdin=deep).stdout)["response"]["auditAnnotations"]["reason"] == "malformed",
           "what is nested too deep is allowed, and malformed")
    large = request(pod(x="y" * (9 << 20)))
    report(json.loads(run("review", stdin=large).stdout)["response"]
           == {"uid": "u-1", "allowed": True, "auditAnnotations": {
               "reason": "too-large", "detail": "the request is too large"}}, "what is too large is allowed, and said")


def test_output():
    body = request(pod())
    with open("/dev/full", "wb") as full:
        refused("a full disk is an error", 5, "No space left", "review", stdin=body, stdout=full)
        refused("a full disk is an error for help too", 5, "No space left", "help", stdout=full)
    closed = subprocess.run(["/bin/sh", "-c", f"exec '{PROGRAM}' review >&-"], input=body, capture_output=True, check=False)
    report(closed.returncode == 5 and b"standard output" in closed.stderr, "a closed output is an error", closed.stderr)
    reader, writer = os.pipe()
    os.close(reader)
    result = run("review", stdin=body, stdout=writer)
    os.close(writer)
    report(result.returncode == 5 and b"Broken pipe" in result.stderr, "a reader that left is an error", result.stderr)
    closed = subprocess.run(["/bin/sh", "-c", f"exec '{PROGRAM}' review <&-"], capture_output=True, check=False)
    report(closed.returncode == 3 and not closed.stdout, "a closed input is an error", closed.stderr)


def test_twice():
    """What another webhook may do between two reviews of one pod."""
    before = pod(initContainers=[{"name": "first", "image": "i", "command": ["x"]}], volumes=[])
    reason, once = answer(before)
    report(reason == "injected", "a pod is injected", reason)
    reason, twice = answer(once)
    report(reason == "already-injected" and twice == once, "an injected pod is left alone", reason)
    for name, take in (
            ("a mount", lambda p: p["spec"]["containers"][0]["volumeMounts"].pop()),
            ("a variable", lambda p: p["spec"]["containers"][0]["env"].pop()),
            ("the volume", lambda p: p["spec"]["volumes"].pop(0)),
            ("the agent", lambda p: p["spec"]["containers"].pop()),
            ("a wrap", lambda p: p["spec"]["initContainers"][1].update(command=["x"]))):
        broken = copy.deepcopy(once)
        take(broken)
        reason, repaired = answer(broken)
        same = all(sorted(json.dumps(x) for x in repaired["spec"][key]) == sorted(json.dumps(x) for x in once["spec"][key])
                   for key in ("containers", "initContainers", "volumes"))
        report(reason == "repaired" and same, f"{name} that was taken away comes back", (reason, repaired["spec"]))
    late = copy.deepcopy(once)
    late["spec"]["initContainers"].insert(0, {"name": "early", "image": "i", "command": ["y"]})
    reason, after = answer(late)
    report(reason in ("repaired", "already-injected") and after["spec"]["initContainers"][0]["command"] == ["y"],
           "an init container before the install container is never wrapped", (reason, after["spec"]["initContainers"]))
    late = copy.deepcopy(once)
    late["spec"]["containers"].append({"name": "late", "image": "i", "command": ["z"]})
    reason, after = answer(late)
    report(reason == "repaired" and after["spec"]["containers"][-1]["command"][0] == "/.farguard/farguard",
           "a container that another webhook added is covered", (reason, after["spec"]["containers"][-1]))


POD = b'{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web"},"spec":{"containers":[{"name":"web","image":"i"}]}}\n'
YAML = b"""apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: i
        command: ["sh", '-c', "a: b"]
---
apiVersion: v1
kind: Service
metadata: {name: s}
"""


def test_inject(work):
    for name, text in (("JSON", POD), ("YAML", YAML)):
        once = run("inject", stdin=text)
        twice = run("inject", stdin=once.stdout)
        report(once.returncode == 0 and once.stdout != text and twice.stdout == once.stdout
               and b"already-injected" in twice.stderr, f"{name}: a second inject changes nothing", twice.stderr)
        back = run("uninject", stdin=once.stdout)
        plain = run("uninject", stdin=text)
        report(back.stdout == plain.stdout and back.returncode == 0, f"{name}: uninject gives it back", back.stdout)
        patch = run("uninject", "-o", "patch", stdin=once.stdout).stdout.splitlines()
        report(json.loads(patch[0])["reason"] == "uninjected" and json.loads(patch[0])["patch"],
               f"{name}: uninject as a patch", patch)
    report(run("uninject", stdin=run("inject", stdin=POD).stdout).stdout == POD, "JSON comes back to the byte")
    for name, text in (("a.yaml", YAML), ("b.json", POD), ("c.yaml", YAML)):
        with open(os.path.join(work, name), "wb") as f:
            f.write(text)
    mixed = run("inject", "a.yaml", "b.json", "c.yaml", cwd=work)
    kinds = [d["kind"] for d in yaml.safe_load_all(mixed.stdout)]
    report(kinds == ["Deployment", "Service", "Pod", "Deployment", "Service"], "files of both formats in one stream",
           mixed.stdout)
    report(len(run("inject", "-o", "json", "b.json", "b.json", cwd=work).stdout) > 0, "one file may be given twice")
    as_json = run("inject", "-o", "json", "a.yaml", cwd=work).stdout.decode()
    as_yaml = run("inject", "-o", "yaml", "a.yaml", cwd=work).stdout
    decoder, values = json.JSONDecoder(), []
    while as_json.strip():
        value, end = decoder.raw_decode(as_json.lstrip())
        values.append(value)
        as_json = as_json.lstrip()[end:]
    report(values == list(yaml.safe_load_all(as_yaml)), "-o json and -o yaml say the same", as_yaml)
    for verb in ("inject", "uninject"):
        for name, data in (("binary", bytes(range(256)) * 16), ("half a YAML", b"a: [1,\n"), ("half a JSON", POD[:40]),
                           ("an alias without an anchor", b"a: *b\n"), ("no UTF-8", b"a: \xff\xfe\n")):
            refused(f"{verb}: {name} is refused", 3, "-:", verb, stdin=data)
        report(run(verb, stdin=b"").returncode == 0, f"{verb}: nothing in, nothing out")
    refused("an unknown format is refused", 2, "not one of yaml, json, patch", "inject", "-o", "xml")
    with open("/dev/full", "wb") as full:
        refused("inject on a full disk", 5, "No space left", "inject", stdin=POD, stdout=full)


def main():
    with tempfile.TemporaryDirectory() as work:
        test_usage()
        test_options()
        test_files(work)
        test_bytes()
        test_output()
        test_twice()
        test_inject(work)
    sys.exit(end())


main()
