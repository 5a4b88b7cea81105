#!/usr/bin/python3
"""specs_test.py [COUNT [SEED]] - pods by chance through farguardctl: 3,000, always the same ones.

Each is injected (the patch applied by python's jsonpatch gives what `inject` prints, and names nothing that is the
pod's own but a command, an env, a list of volumes), injected again (nothing changes) and taken out again (to the byte).
"""

import json
import random
import subprocess
import sys

import jsonpatch
from pods_test import PROGRAM
from specs import pod, text
from tap import end, report

CHUNK = 100
SKIPPED = {"host-network", "host-pid", "name-collision", "no-container-selected"}
counted = {}


def ctl(verb, texts, *options):
    """One document a line, so that what comes out can be told apart."""
    result = subprocess.run([PROGRAM, verb, *options, "-f", "-"], input="\n".join(texts).encode(), capture_output=True, timeout=120,
                            check=False)
    if result.returncode != 0:
        raise RuntimeError(f"{verb}: status {result.returncode}: {result.stderr.decode()[:400]}")
    return [line for line in result.stdout.decode().split("\n") if line.strip()]


def wrong(given, patch, injected, again, back):
    """What does not hold for one pod, or None."""
    before = json.loads(given)
    counted[patch["reason"]] = counted.get(patch["reason"], 0) + 1
    if patch["reason"] == "injected":
        # jsonpatch changes nothing in place; NaN and infinities are told by their text.
        after = jsonpatch.apply_patch(before, patch["patch"])
        if json.dumps(after) != json.dumps(json.loads(injected)):
            return "the patch does not give what inject prints"
        names = [c["name"] for c in after["spec"]["initContainers"]]
        if "farguard-install" not in names:
            return "no farguard-install"
    elif patch["reason"] not in SKIPPED:
        return f"reason {patch['reason']}"
    elif injected != given or patch["patch"]:
        return f"{patch['reason']}, and still changed"
    if again != injected:
        return "injecting again changes something"
    return None if back == given else "uninject does not give the pod back"


def chunk(texts):
    patches = [json.loads(line) for line in ctl("inject", texts, "-o", "patch")]
    injected = ctl("inject", texts)
    again = ctl("inject", injected)
    back = ctl("uninject", injected)
    if not len(texts) == len(patches) == len(injected) == len(again) == len(back):
        return [f"{len(texts)} pods, {len(patches)} patches, {len(injected)} {len(again)} {len(back)} documents"]
    found = []
    for row in zip(texts, patches, injected, again, back):
        why = wrong(*row)
        if why:
            found.append(f"{why}: {row[0]}")
    return found


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
    rng = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 20)
    for start in range(0, count, CHUNK):
        texts = [text(pod(rng, valid=rng.random() < 0.5), rng.random() < 0.5) for _ in range(min(CHUNK, count - start))]
        found = chunk(texts)
        report(not found, f"pods {start + 1} to {start + len(texts)}: inject, inject again, uninject", "\n".join(found))
    print("# " + ", ".join(f"{n} {reason}" for reason, n in sorted(counted.items())))
    report(counted.get("injected", 0) > count * 0.7 and all(counted.get(r) for r in SKIPPED), "every outcome came up", counted)
    return end()


if __name__ == "__main__":
    sys.exit(main())
