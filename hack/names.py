#!/usr/bin/env python3
"""names.py - hold code, chart and docs to the words of hack/names.txt.

A word that users see (annotation, reason, metric, key, record, variable) is written down once, in
hack/names.txt.  This check finds words that are used and not listed, and lists that say one thing
where the code says another.  It prints FILE:LINE: message and exits with 1.
"""
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LISTED = {}
for text in (ROOT / "hack/names.txt").read_text().splitlines():
    if text and not text.startswith("#"):
        kind, word = text.split()
        LISTED.setdefault(kind, set()).add(word)

problems = []


def problem(path, line, message):
    problems.append(f"{path}:{line}: {message}")


def tracked():
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    paths = out.stdout.split("\n") if out.returncode == 0 else [str(p.relative_to(ROOT)) for p in ROOT.rglob("*")]
    for path in paths:
        file = ROOT / path
        if path and not path.startswith("build/") and file.is_file() and file.suffix in (
                ".c", ".h", ".md", ".yaml", ".yml", ".tpl", ".txt", ".json", ".sh", ".py", ".case"):
            yield path, file.read_text(errors="replace")


def check_uses():
    keys = LISTED["annotation"] | LISTED["label"]
    metric = re.compile(r"\bfarguard_(?:admission|certificate|watch|config|selfprobe|circuit|events|build)_[a-z_]+")
    for path, text in tracked():
        if path.startswith(("hack/cluster/go.", "tests/fuzz/corpus/")):
            continue
        for number, line in enumerate(text.splitlines(), 1):
            for key in re.findall(r"\bfarguard\.io/[A-Za-z0-9._-]*[A-Za-z0-9]", line):
                if key not in keys and not key.startswith("farguard.io/hack") and not path.startswith("tests/"):
                    problem(path, number, f"{key} is not listed in hack/names.txt")
            if path.endswith((".c", ".h")) and '"' not in line:
                continue
            for name in metric.findall(line):
                base = re.sub(r"_(bucket|sum|count)$", "", name)
                if base not in LISTED["metric"] and name not in LISTED["metric"]:
                    problem(path, number, f"metric {name} is not listed in hack/names.txt")


def same(path, what, found, kind):
    for word in sorted(found - LISTED[kind]):
        problem(path, 1, f"{what} {word} is not listed in hack/names.txt")
    for word in sorted(LISTED[kind] - found):
        problem(path, 1, f"{what} {word} is listed in hack/names.txt and missing here")


def check_reasons():
    path = "webhook/policy/reason.c"
    text = (ROOT / path).read_text()
    same(path, "reason", set(re.findall(r"\[REASON_[A-Z_]+\]\s*=\s*\{?\s*\"([a-z-]+)\"", text)), "reason")


def check_variables():
    path = "injector/base/contract.h"
    same(path, "variable", set(re.findall(r'"(FARGUARD_[A-Z0-9_]+)"', (ROOT / path).read_text())), "env")


def check_found():
    found = set()
    for path in ("webhook/mutate/judge.h", "webhook/ctl/twins.h"):
        found |= set(re.findall(r'#define (?:JUDGE|TWINS)_[A-Z_]+\s+"([a-z-]+)"', (ROOT / path).read_text()))
    same(path, "reason of check", found, "found")


def leaves(value, prefix=""):
    for key, inner in value.items():
        name = f"{prefix}{key}"
        if isinstance(inner, dict) and inner and name not in LISTED["config"]:
            yield from leaves(inner, name + ".")
        else:
            yield name


def check_config():
    import yaml
    path = "charts/farguard/files/farguard.yaml"
    sample = yaml.safe_load((ROOT / path).read_text())
    same(path, "key", set(leaves(sample)), "config")


def check_records():
    path = "injector/report/schema.json"
    schema = json.loads((ROOT / path).read_text())
    kinds = set()

    def walk(node):
        if isinstance(node, dict):
            kind = node.get("properties", {}).get("kind", {}) if isinstance(node.get("properties"), dict) else {}
            if isinstance(kind, dict):
                kinds.update([kind["const"]] if "const" in kind else kind.get("enum", []))
            for inner in node.values():
                walk(inner)
        elif isinstance(node, list):
            for inner in node:
                walk(inner)

    walk(schema)
    same(path, "record", kinds, "record")


def check_version():
    version = re.search(r'FARGUARD_VERSION "([^"]+)"', (ROOT / "injector/base/version.h").read_text()).group(1)
    path = "charts/farguard/Chart.yaml"
    for number, line in enumerate((ROOT / path).read_text().splitlines(), 1):
        match = re.match(r"(version|appVersion):\s*\"?([^\"\s]+)", line)
        if match and match.group(2) != version:
            problem(path, number, f"{match.group(1)} {match.group(2)} is not {version} of injector/base/version.h")


for check in (check_uses, check_reasons, check_found, check_variables, check_config, check_records, check_version):
    try:
        check()
    except FileNotFoundError as missing:
        problem(missing.filename, 1, "is missing")
print("\n".join(problems), end="\n" if problems else "", file=sys.stderr)
sys.exit(1 if problems else 0)
