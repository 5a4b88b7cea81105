#!/usr/bin/python3
"""input_test.py - inject, uninject and explain on what people and attackers hand them: special files, odd bytes, floods.

TAP on stdout.  FARGUARD_BUILD names the build directory, else FARGUARD_MODE the mode (release).
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import threading

import yaml
from tap import end, report

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(ROOT, os.environ.get("FARGUARD_BUILD") or "build/" + os.environ.get("FARGUARD_MODE", "release"))
PROGRAM = os.path.join(BUILD, "bin", "farguardctl")
VERBS = ("inject", "uninject", "explain")
POD = b'{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web"},"spec":{"containers":[{"name":"web","image":"i"}]}}\n'
YAML = b"apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - {name: web, image: i}\n"
SANITIZED = os.path.basename(BUILD) in ("asan", "tsan")


def run(*args, stdin=b"", **more):
    if isinstance(stdin, bytes):
        more["input"] = stdin
    else:
        more["stdin"] = stdin
    more.setdefault("stdout", subprocess.PIPE)
    return subprocess.run([PROGRAM, *args], stderr=subprocess.PIPE, timeout=120, check=False, **more)


def refused(name, words, *args, status=3, lines=1, **more):
    """Nothing on stdout, and the last of at most `lines` lines says `words`."""
    result = run(*args, **more)
    report(result.returncode == status and not result.stdout and result.stderr.startswith(b"farguardctl: ")
           and words in result.stderr.splitlines()[-1] and result.stderr.count(b"\n") <= lines, name,
           f"exit {result.returncode}, stdout {(result.stdout or b'')[:100]!r}, stderr {result.stderr!r}")


def reasons(text, *args):
    lines = run("explain", "-o", "json", *args, stdin=text).stdout.splitlines()
    return [json.loads(line)["reason"] for line in lines]


def test_special_files(work):
    fifo = os.path.join(work, "fifo")
    os.mkfifo(fifo)

    def write():
        with open(fifo, "wb") as f:
            f.write(POD)

    for verb in VERBS:
        refused(f"{verb}: a file without end", b"/dev/zero: longer than 67108864 bytes", verb, "/dev/zero")
        report(run(verb, "-f", "/dev/null").returncode == 0, f"{verb}: an empty device")
        writer = threading.Thread(target=write)
        writer.start()
        result = run(verb, fifo)
        writer.join()
        report(result.returncode == 0 and result.stdout, f"{verb}: a pipe with a name", result.stderr)
        refused(f"{verb}: a Windows path", b"C:\\temp\\pod.yaml: No such file", verb, "C:\\temp\\pod.yaml")
        refused(f"{verb}: a name that is too long", b"File name too long", verb, "x" * 5000)
        refused(f"{verb}: a file behind a file", b"Not a directory", verb, fifo + "/x")
    folder = os.path.join(work, "folder")
    os.makedirs(os.path.join(folder, "inner.yaml"))
    os.mkfifo(os.path.join(folder, "fifo.yaml"))
    for name, data in (("pod.yaml", YAML), ("readme.md", b"{"), ("pod.yaml~", b"{"), (".hidden.json", POD)):
        with open(os.path.join(folder, name), "wb") as f:
            f.write(data)
    report(len(run("explain", "-o", "json", folder).stdout.splitlines()) == 2,
           "of a folder only its manifests, and no pipe that nobody writes to")
    os.symlink("loop.yaml", os.path.join(folder, "loop.yaml"))
    refused("a link that leads nowhere is said", b"loop.yaml: Too many levels", "inject", folder)


def test_bytes():
    for name, text in (("a byte order mark", b"\xef\xbb\xbf" + YAML), ("CR LF", YAML.replace(b"\n", b"\r\n")),
                       ("both", b"\xef\xbb\xbf" + YAML.replace(b"\n", b"\r\n")), ("JSON with a mark", b"\xef\xbb\xbf" + POD),
                       ("no line feed at the end", YAML[:-1]), ("a document's end", YAML + b"...\n"),
                       ("comments around", b"# a\n---\n# b\n" + YAML + b"# c\n---\n# d\n")):
        report(reasons(text) == ["injected"], f"{name}: explained", reasons(text))
        back = run("uninject", stdin=run("inject", stdin=text).stdout).stdout
        report(back == run("uninject", stdin=text).stdout and yaml.safe_load(back) == yaml.safe_load(YAML),
               f"{name}: injected and back", back)
    for name, text in (("nothing", b""), ("blanks", b" \n\n"), ("comments", b"# a\n---\n# b\n---\n---\n"), ("a mark", b"\xef\xbb\xbf")):
        for verb in VERBS:
            result = run(verb, stdin=text)
            report(result.returncode == 0 and not result.stderr, f"{verb}: only {name}", result)
    for verb in VERBS:
        refused(f"{verb}: a tab before a key", b"-:2:1: ", verb, stdin=b"a:\n\tb: 1\n")
        refused(f"{verb}: a key twice", b"-:2:1: ", verb, stdin=b"kind: Pod\nkind: Job\n")
        refused(f"{verb}: UTF-16", b"-:1:1: ", verb, stdin=YAML.decode().encode("utf-16-be"))
    # As encoding/json does it, and so the API server: of members with one name the last one counts.
    twice = POD.replace(b'"kind":"Pod"', b'"kind":"Job","kind":"Pod"').replace(b'"spec"', b'"spec":7,"spec"')
    report(reasons(twice) == ["injected"], "JSON: of a key that stands twice the last one counts", reasons(twice))
    report(run("uninject", stdin=run("inject", stdin=twice).stdout).stdout == twice, "JSON: and both stay")


def test_floods(work):
    letters = "abcdefghij"
    bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{new}: &{new} [{','.join(['*' + old] * 10)}]\n" for old, new in zip(letters, letters[1:]))
    for verb in VERBS:
        refused(f"{verb}: aliases of aliases", b"more than 2097152 values", verb, stdin=bomb.encode())
        for name, text in (("JSON", b"[" * 100000), ("YAML", b"- " * 100000), ("closed JSON", b"[" * 300 + b"]" * 300)):
            refused(f"{verb}: {name} nested too deep", b"nested too deep", verb, stdin=text)
    # 50 MB that are one string: read, passed on, and no more than a few times its size.
    large = b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"large"},"data":{"x":"' + b"y" * (50 << 20) + b'"}}\n'
    path = os.path.join(work, "large.json")
    with open(path, "wb") as f:
        f.write(large)
    out = os.path.join(work, "out.json")

    def bound():
        if not SANITIZED:
            resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))

    with open(out, "wb") as f:
        result = run("inject", path, stdout=f, preexec_fn=bound)
    with open(out, "rb") as f:
        report(result.returncode == 0 and f.read() == large, "50 MB come out as they went in", result.stderr)
    result = run("explain", "-o", "json", path, preexec_fn=bound)
    report(result.returncode == 0 and json.loads(result.stdout)["reason"] == "unsupported-kind", "50 MB are explained", result.stderr)


def test_output():
    for verb in VERBS:
        with open("/dev/full", "wb") as full:
            refused(f"{verb}: a full disk", b"No space left", verb, status=5, lines=2, stdin=POD, stdout=full)
        reader, writer = os.pipe()
        os.close(reader)
        refused(f"{verb}: a reader that left", b"Broken pipe", verb, status=5, lines=2, stdin=YAML, stdout=writer)
        os.close(writer)


def main():
    with tempfile.TemporaryDirectory() as work:
        test_special_files(work)
        test_bytes()
        test_floods(work)
        test_output()
    sys.exit(end())


main()
