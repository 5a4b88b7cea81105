#!/usr/bin/python3
"""run.py - data-driven cases of farguardctl, then every *_test.py beside it, as one TAP stream.

A case is tests/case/NAME.case: sections, each begun by a line "@word ...", in any order.
  @args WORDS        farguardctl's arguments, quoted as a shell's; the cwd is an empty directory
  @config            YAML, stored as config.yaml and given by --config
  @file NAME         stored in the cwd
  @stdin             standard input as it stands; or
  @pod               YAML of a pod, wrapped into an AdmissionReview; @request is YAML merged over its request
  @exit N            the status, 0 by default
  @stdout, @stderr   @stdout is the whole output; each line of @stderr is part of it ("@stderr" alone: empty)
  @stdout-contains   each line is part of the output
  @stdout-json       JSON that the output contains: members may be more, lists are equal
  @patched           YAML: the pod after the patch, whole and in this order of keys
  @at                lines "POINTER = JSON" or "POINTER absent" that hold for the patched pod (for the
                     output, when there is no patch); "STATUS" in front of a pointer: in farguard.io/status
FARGUARD_BUILD names the build directory, else FARGUARD_MODE the mode (release).  Arguments name cases or
*_test.py files to run instead of all; FARGUARD_TESTS names the *_test.py beside all cases ("launch agent").
FARGUARD_PROGRESS is a descriptor that is told which one runs.  As many of these run at a time as there are processors
(FARGUARD_JOBS), each in a network of its own; one at a time where none can be made.
"""

import base64
import concurrent.futures
import copy
import glob
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile

import jsonpatch
import yaml

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(ROOT, os.environ.get("FARGUARD_BUILD") or "build/" + os.environ.get("FARGUARD_MODE", "release"))
PROGRAM = os.path.join(BUILD, "bin", "farguardctl")
SECTIONS = {"about", "args", "config", "file", "stdin", "pod", "request", "exit", "stdout", "stderr", "stdout-json",
            "stdout-contains", "patched", "at"}
CASE_SECONDS, TEST_SECONDS = 60, 800
# The longest begin, so that none is left alone at the end.
LONG = ["certificate", "agent", "launch", "webhook_ops"]
# These load the webhook with all that the machine has, and give it a time to cope.
ALONE = ["watches", "webhook", "webhook_load"]
NETWORK = ["unshare", "--net", "--", "sh", "-c", 'ip link set lo up && exec "$0" "$@"']
number = failures = 0


class Wrong(Exception):
    """What a case expected and did not get."""


def report(ok, name, why=""):
    global number, failures
    number += 1
    failures += not ok
    print(f"{'ok' if ok else 'not ok'} {number} - {name}", flush=True)
    for line in str(why).splitlines()[:30] if not ok else []:
        print(f"#   {line}", flush=True)


def sections_of(path):
    """The sections of a case: word -> list of (rest of its line, text)."""
    out, current = {}, None
    with open(path, encoding="utf-8", newline="") as f:
        for line in f:
            if line.startswith("@"):
                word, _, rest = line[1:].strip().partition(" ")
                if word not in SECTIONS:
                    raise Wrong(f"unknown section @{word}")
                current = [rest.strip(), ""]
                out.setdefault(word, []).append(current)
            elif current is None:
                if line.strip() and not line.startswith("#"):
                    raise Wrong("text before the first section")
            else:
                current[1] += line
    if "args" not in out:
        raise Wrong("no @args")
    if not {"stdout", "stdout-json", "stdout-contains", "stderr", "at", "patched"} & set(out):
        raise Wrong("nothing is expected")
    return out


def body(sections, word):
    return sections[word][0][1] if word in sections else None


def merge(onto, more):
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(onto.get(key), dict):
            merge(onto[key], value)
        else:
            onto[key] = value


def review_of(sections):
    request = {
        "uid": "0f2c1a52-7a6f-4b63-8e2e-000000000001",
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "namespace": "shop", "operation": "CREATE", "dryRun": False,
    }
    if "pod" in sections:
        request["object"] = yaml.safe_load(body(sections, "pod"))
    merge(request, yaml.safe_load(body(sections, "request") or "{}"))
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}


def contains(expected, got, where=""):
    if isinstance(expected, dict) and isinstance(got, dict):
        for key, value in expected.items():
            if key not in got:
                raise Wrong(f"{where}/{key}: missing in {json.dumps(got)[:300]}")
            contains(value, got[key], f"{where}/{key}")
    elif isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        for index, value in enumerate(expected):
            contains(value, got[index], f"{where}/{index}")
    elif expected != got or isinstance(expected, bool) != isinstance(got, bool):
        raise Wrong(f"{where or '/'}: expected {json.dumps(expected)}, got {json.dumps(got)[:600]}")


def parsed(text, what):
    try:
        return json.loads(text)
    except ValueError as e:
        raise Wrong(f"{what} is no JSON: {e}: {text[:300]!r}") from e


def patched_of(review, output):
    """The object of the review after the answer's patch."""
    pod = copy.deepcopy(review["request"].get("object"))
    response = output["response"]
    if "patch" not in response:
        return pod
    if response.get("patchType") != "JSONPatch":
        raise Wrong("a patch without patchType JSONPatch")
    patch = json.loads(base64.b64decode(response["patch"], validate=True))
    if not patch:
        raise Wrong("an empty patch with a patchType: the API server refuses it")
    return jsonpatch.apply_patch(pod, patch)


def walk(value, pointer):
    """The value at a JSON Pointer, or KeyError."""
    for token in pointer.split("/")[1:]:
        token = token.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list):
            if not token.isdigit() or int(token) >= len(value):
                raise KeyError(token)
            value = value[int(token)]
        elif isinstance(value, dict):
            value = value[token]
        else:
            raise KeyError(token)
    return value


def check_at(text, value):
    for line in text.splitlines():
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        root = value
        if line.startswith("STATUS"):
            root = parsed(walk(value, "/metadata/annotations/farguard.io~1status"), "farguard.io/status")
            line = line[len("STATUS"):].strip()
        pointer, _, expected = line.partition(" = ")
        absent = not expected and pointer.endswith(" absent")
        if not absent and not expected:
            raise Wrong(f"@at: no sense in {line!r}")
        try:
            got = walk(root, pointer.removesuffix(" absent").strip())
        except KeyError:
            if not absent:
                raise Wrong(f"{pointer}: missing") from None
            continue
        if absent:
            raise Wrong(f"{pointer}: there is {json.dumps(got)[:300]}")
        if json.dumps(json.loads(expected)) != json.dumps(got):
            raise Wrong(f"{pointer}: expected {expected}, got {json.dumps(got)[:600]}")


def check_output(sections, result, review):
    stdout, stderr = result.stdout.decode(errors="replace"), result.stderr.decode(errors="replace")
    expected = int(sections["exit"][0][0]) if "exit" in sections else 0
    if result.returncode != expected:
        raise Wrong(f"exit {result.returncode}, not {expected}\n{stderr}\n{stdout[:500]}")
    if "stdout" in sections and stdout != body(sections, "stdout"):
        raise Wrong(f"stdout is {stdout!r}")
    for part in (body(sections, "stdout-contains") or "").splitlines():
        if part not in stdout:
            raise Wrong(f"not on stdout: {part}\nstdout: {stdout[:2000]}")
    if "stderr" in sections:
        parts = [line for line in body(sections, "stderr").splitlines() if line]
        for part in parts:
            if part not in stderr:
                raise Wrong(f"not on stderr: {part}\nstderr: {stderr!r}")
        if not parts and stderr:
            raise Wrong(f"stderr: {stderr!r}")
    if not {"stdout-json", "patched", "at"} & set(sections):
        return
    output = parsed(stdout, "stdout")
    if "stdout-json" in sections:
        contains(parsed(body(sections, "stdout-json"), "@stdout-json"), output)
    value = output
    if review and isinstance(output, dict) and "response" in output:
        value = patched_of(review, output)
    if "patched" in sections:
        # As text, so that the order of keys and the spelling of numbers count.
        wanted = json.dumps(yaml.safe_load(body(sections, "patched")), indent=1)
        if wanted != json.dumps(value, indent=1):
            raise Wrong("patched:\n" + json.dumps(value, indent=1))
    if "at" in sections:
        check_at(body(sections, "at"), value)


def run_case(path):
    sections = sections_of(path)
    args = shlex.split(sections["args"][0][0])
    review, stdin = None, b""
    if "pod" in sections or "request" in sections:
        review = review_of(sections)
        stdin = json.dumps(review).encode()
    elif "stdin" in sections:
        stdin = body(sections, "stdin").encode()
    with tempfile.TemporaryDirectory() as work:
        files = sections.get("file", [])
        if "config" in sections:
            files = [*files, ["config.yaml", body(sections, "config")]]
            args += ["--config", "config.yaml"]
        for name, text in files:
            os.makedirs(os.path.dirname(os.path.join(work, name)), exist_ok=True)
            with open(os.path.join(work, name), "w", encoding="utf-8", newline="") as f:
                f.write(text)
        result = subprocess.run([PROGRAM, *args], cwd=work, input=stdin, capture_output=True, timeout=CASE_SECONDS)
    check_output(sections, result, review)


def run_cases(paths):
    for path in paths:
        name = os.path.basename(path).removesuffix(".case").replace("-", " ")
        try:
            run_case(path)
        except (Wrong, OSError, subprocess.TimeoutExpired, jsonpatch.JsonPatchException, yaml.YAMLError, KeyError,
                ValueError) as e:
            report(False, name, f"{type(e).__name__}: {e}")
        else:
            report(True, name)


def name_of(path):
    return os.path.basename(path)[:-len("_test.py")]


def output_of(path, wrap):
    """What another TAP program prints, and its status."""
    if "FARGUARD_PROGRESS" in os.environ:
        os.write(int(os.environ["FARGUARD_PROGRESS"]), f"  {os.path.basename(path)}\n".encode())
    result = subprocess.run([*wrap, "timeout", str(TEST_SECONDS), path], stdout=subprocess.PIPE, text=True,
                            errors="replace", check=False)
    return result.stdout, result.returncode


def pass_on(path, output, status):
    """The results of another TAP program, under our numbers."""
    global number, failures
    planned, seen, bad = None, 0, 0
    for line in output.splitlines():
        result = re.match(r"(ok|not ok)\b *\d* *(.*)", line)
        plan = re.match(r"1\.\.(\d+)", line)
        if result:
            number += 1
            seen += 1
            failed = result[1] == "not ok" and "# SKIP" not in line
            bad += failed
            failures += failed
            print(f"{result[1]} {number} {result[2]}", flush=True)
        elif plan:
            planned = int(plan[1])
        else:
            print(line if line.startswith("#") else f"# {line}", flush=True)
    if planned != seen or (status != 0 and not bad):
        report(False, os.path.basename(path), f"exit {status}, {seen} results of {planned} planned")


def run_tests(paths):
    jobs = int(os.environ.get("FARGUARD_JOBS") or os.cpu_count())
    has_network = subprocess.run([*NETWORK, "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0
    if not has_network:
        jobs = 1
    paths = sorted(paths, key=lambda path: LONG.index(name_of(path)) if name_of(path) in LONG else len(LONG))
    wrap = NETWORK if has_network else []
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        running = {pool.submit(output_of, path, wrap): path for path in paths if name_of(path) not in ALONE}
        for done in concurrent.futures.as_completed(running):
            pass_on(running[done], *done.result())
    for path in paths:
        if name_of(path) in ALONE:
            pass_on(path, *output_of(path, wrap))


def main():
    chosen = [os.path.abspath(path) for path in sys.argv[1:]]
    cases = [p for p in chosen if p.endswith(".case")] or ([] if chosen else sorted(glob.glob(HERE + "/*.case")))
    tests = [p for p in chosen if p.endswith(".py")] or ([] if chosen else sorted(glob.glob(HERE + "/*_test.py")))
    run_cases(cases)
    only = os.environ.get("FARGUARD_TESTS", "").split()
    run_tests([path for path in tests if not only or name_of(path) in only])
    print(f"1..{number}")
    sys.exit(1 if failures else 0)


main()
