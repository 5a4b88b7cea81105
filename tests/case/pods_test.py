#!/usr/bin/python3
"""pods_test.py - real and awkward manifests through farguardctl: inject, inject again, uninject.

For each: the patch applies and gives what `inject` prints; a second inject changes nothing; uninject gives the
input back (YAML: the tree with each scalar's text and style; JSON: to the byte).  Trees are read here by PyYAML and
typed by rules of this file, so that farguardctl is not its own judge.  TAP on stdout.  FARGUARD_BUILD names the build
directory, else FARGUARD_MODE the mode (release).  Arguments name files to use instead of all.
"""

import copy
import glob
import json
import os
import re
import subprocess
import sys

import jsonpatch
import yaml
from tap import end, report

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(ROOT, os.environ.get("FARGUARD_BUILD") or "build/" + os.environ.get("FARGUARD_MODE", "release"))
PROGRAM = os.path.join(BUILD, "bin", "farguardctl")
PODS = os.path.join(ROOT, "..", "shared", "pods")
TRUE = {"y", "yes", "true", "on"}
FALSE = {"n", "no", "false", "off"}
RESOLVER = yaml.resolver.Resolver()


class Wrong(Exception):
    """What should hold and does not."""


def ctl(args, text):
    result = subprocess.run([PROGRAM, *args, "-f", "-"], input=text.encode(), capture_output=True, timeout=60)
    if result.returncode != 0:
        raise Wrong(f"{' '.join(args)}: status {result.returncode}: {result.stderr.decode()}")
    return result.stdout.decode()


# --- YAML, read independently --------------------------------------------------
def merged(pairs):
    """Members of a map with merge keys resolved by order, as Kubernetes does."""
    out = {}
    for key, value in pairs:
        if key != ("<<", None, "tag:yaml.org,2002:merge"):
            out[key[0]] = (key, value)
            continue
        for source in reversed(value[1]) if value[0] == "list" else [value]:
            for name, member in source[1].items():
                out[name] = (out[name][0] if name in out else member[0], member[1])
    return out


def tree(node):
    if isinstance(node, yaml.MappingNode):
        return ("map", merged([(tree(k)[1], tree(v)) for k, v in node.value]))
    if isinstance(node, yaml.SequenceNode):
        return ("list", [tree(item) for item in node.value])
    return ("scalar", (node.value, node.style, node.tag))


def trees(text):
    nodes = [tree(n) for n in yaml.compose_all(text, Loader=yaml.SafeLoader) if n is not None]
    return [n for n in nodes if n[0] != "scalar" or n[1][0] not in ("", "~", "null")]


def typed(scalar):
    value, style, tag = scalar
    if style is not None or tag.startswith("!") or tag != RESOLVER.resolve(yaml.ScalarNode, value, (True, False)):
        return value
    if value.lower() in TRUE | FALSE and value in (value.lower(), value.capitalize(), value.upper()):
        return value.lower() in TRUE
    if value in ("", "~", "null", "Null", "NULL"):
        return None
    if re.fullmatch(r"[-+]?0[0-7]+", value):
        return int(value, 8)
    if re.fullmatch(r"[-+]?(0|[1-9][0-9_]*|0x[0-9a-fA-F]+|0o[0-7]+|0b[01]+)", value):
        return int(value, 0)
    if re.fullmatch(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", value):
        return float(value)
    return value


def values(node):
    if node[0] == "map":
        return {name: values(member[1]) for name, member in node[1].items()}
    if node[0] == "list":
        return [values(item) for item in node[1]]
    return typed(node[1])


# --- what is compared ------------------------------------------------------------
def json_stream(text):
    decoder, out, at = json.JSONDecoder(), [], 0
    text = text.lstrip("\ufeff")
    while text[at:].strip():
        at += len(text[at:]) - len(text[at:].lstrip())
        value, at = decoder.raw_decode(text, at)
        out.append(value)
    return out


def same(what, got, wanted):
    """Equal as data, the order of keys included."""
    got, wanted = json.dumps(got, indent=1), json.dumps(wanted, indent=1)
    if got == wanted:
        return
    for line, (a, b) in enumerate(zip(got.splitlines(), wanted.splitlines())):
        if a != b:
            raise Wrong(f"{what}: value line {line}: {a.strip()!r}, wanted {b.strip()!r}")
    raise Wrong(f"{what}: lengths differ")


def without_nulls(node):
    """The tree with one spelling of null: one that inject replaced comes back as `null`."""
    if node[0] == "map":
        return ("map", {name: (key, without_nulls(value)) for name, (key, value) in node[1].items()})
    if node[0] == "list":
        return ("list", [without_nulls(item) for item in node[1]])
    return node if typed(node[1]) is not None else ("scalar", None)


def items_of(documents):
    for document in documents:
        kind = document.get("kind", "") if isinstance(document, dict) else ""
        if isinstance(kind, str) and kind.endswith("List") and isinstance(document.get("items"), list):
            yield from items_of(document["items"])
        else:
            yield document


def apply_patches(documents, lines):
    documents = copy.deepcopy(documents)
    patches = [json.loads(line) for line in lines.splitlines()]
    items = list(items_of(documents))
    if len(items) != len(patches):
        raise Wrong(f"{len(patches)} patches for {len(items)} items")
    for item, patch in zip(items, patches):
        if patch["patch"]:
            jsonpatch.JsonPatch(patch["patch"]).apply(item, in_place=True)
        if (patch["reason"] == "injected") != bool(patch["patch"]):
            raise Wrong(f"{patch['reason']} with {len(patch['patch'])} operations")
    return documents


def check_yaml(text):
    before = trees(text)
    base = [values(n) for n in before]
    same("-o json of the input", json_stream(ctl(["uninject", "-o", "json"], text)), base)
    wanted = apply_patches(base, ctl(["inject", "-o", "patch"], text))
    same("inject -o json", json_stream(ctl(["inject", "-o", "json"], text)), wanted)
    injected = ctl(["inject"], text)
    same("inject", [values(n) for n in trees(injected)], wanted)
    if ctl(["inject"], injected) != injected:
        raise Wrong("a second inject changes something")
    back = trees(ctl(["uninject"], injected))
    same("uninject", [without_nulls(n) for n in back], [without_nulls(n) for n in before])


def check_json(text):
    base = json_stream(text)
    wanted = apply_patches(base, ctl(["inject", "-o", "patch"], text))
    injected = ctl(["inject"], text)
    same("inject", json_stream(injected), wanted)
    same("inject -o yaml", [values(n) for n in trees(ctl(["inject", "-o", "yaml"], text))], wanted)
    if ctl(["inject"], injected) != injected:
        raise Wrong("a second inject changes something")
    back = ctl(["uninject"], injected)
    if back != text:
        at = next((i for i, (a, b) in enumerate(zip(back, text)) if a != b), min(len(back), len(text)))
        raise Wrong(f"uninject: byte {at}: {back[at - 30:at + 50]!r}, wanted {text[at - 30:at + 50]!r}")


def check(name, action, text):
    try:
        action(text)
    except (Wrong, yaml.YAMLError, ValueError, KeyError, jsonpatch.JsonPatchException,
            subprocess.TimeoutExpired) as e:
        report(False, name, f"{type(e).__name__}: {e}")
    else:
        report(True, name)


def check_forms(name, text):
    """As it stands, and as JSON in three spellings."""
    check(f"{name} as YAML", check_yaml, text)
    documents = [values(n) for n in trees(text)]
    for form, options in (("lines", {"indent": 2}), ("one line", {}), ("no spaces", {"separators": (",", ":")})):
        check(f"{name} as JSON, {form}", check_json, "\n".join(json.dumps(d, **options) for d in documents))


# --- awkward manifests of our own --------------------------------------------------
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - name: app\n    image: img\n"
YAML_INPUTS = {
    "anchors shared by two containers": """
kind: Deployment
apiVersion: apps/v1
metadata: &m
  name: web
  labels: &l {app: web}
spec:
  selector: {matchLabels: *l}
  template:
    metadata: {labels: *l}
    spec:
      containers:
      - &c
        name: a
        image: img
        env: &e
        - {name: A, value: "1"}
        command: &cmd [/bin/sh, -c, 'sleep 1']
      - <<: *c
        name: b
      - name: c
        image: img
        env: *e
        command: *cmd
""",
    "one pod template under two workloads": """
kind: List
apiVersion: v1
items:
- kind: Deployment
  apiVersion: apps/v1
  metadata: {name: one}
  spec:
    template: &t
      metadata:
      spec:
        containers:
        - {name: app, image: img}
- kind: StatefulSet
  apiVersion: apps/v1
  metadata: {name: two}
  spec: {template: *t}
""",
    "block scalars with indicators, tabs and emoji": POD + """    args:
    - |2-
        indented first
      less
    - >+
      folded
      text

    - |+
      keep

    - "\\u00e9\\t\\0"
    - |
      if true; then
      \techo \U0001f600 # no comment
      fi
    - plain
      over lines
    - 'it''s'
""",
    "scalars that YAML 1.1 types": POD + """    env:
    - {name: A, value: "yes"}
    - {name: B, value: 'off'}
    - {name: C, value: "0644"}
    - {name: D, value: "1e3"}
    - {name: E, value: !!str 12}
    - {name: F, value: 1:30}
    - {name: G, value: "null"}
    - {name: H, value: ""}
    - {name: I, value: 2001-12-14}
  volumes:
  - name: v
    configMap: {name: c, defaultMode: 0644}
  - name: w
    secret: {secretName: s, defaultMode: 0o640, optional: Off}
  hostNetwork: no
  automountServiceAccountToken: y
  terminationGracePeriodSeconds: 1_0
  activeDeadlineSeconds: 0x1F
""",
    "comments, many documents and empty ones": "# first\n---\n# only a comment\n---\n" + POD + "    # end\n---\n\n---\n"
    "kind: ConfigMap\napiVersion: v1\ndata:\n  k: |\n    a\n---\n" + POD.replace("Pod", "Pod # a pod") + "...\n",
    "lines that end with CR and LF": POD.replace("\n", "\r\n") + "    args:\r\n    - |\r\n      one\r\n      two\r\n",
    "a byte order mark": "\ufeff" + POD,
    "long and wide texts": POD + "    args: [\"" + "word " * 900 + "\", " + "x" * 3000 + ", 'Grüße, мир, 世界 \U0001f30d']\n"
    "    env:\n    - name: K\n      value: >-\n        " + "text " * 300 + "\n        more\n",
    "a List in a List": "kind: List\napiVersion: v1\nitems:\n- kind: List\n  items:\n"
    + "".join("  " + ("- " if i == 0 else "  ") + line + "\n" for i, line in enumerate(POD.splitlines()))
    + "- kind: Service\n  apiVersion: v1\n- kind: List\n  items: []\n",
    "a PodList": "kind: PodList\napiVersion: v1\nitems:\n- metadata: {name: a}\n  spec:\n    containers:\n"
    "    - {name: x, image: i}\n",
    "all in flow style": "{kind: Pod, apiVersion: v1, metadata: {name: p, annotations: }, spec: {containers: [{name: a, "
    "image: 'i', command: [x], env: [], volumeMounts: ~}], volumes: []}}\n",
    "empty and null members": POD + "    env: []\n    volumeMounts:\n    resources: {}\n    securityContext: ~\n"
    "  initContainers: []\n  volumes:\n",
    "annotations and labels that have slashes and tildes": POD.replace(
        "{name: p}", "{name: p, annotations: {a/b~c: d, 'x y': z}, labels: {app.kubernetes.io/name: n}}"),
    "keys that are no strings": POD.replace("{name: p}", "{name: p, annotations: {x: 'v'}}")
    + "  nodeSelector: {'1': a, \"true\": b}\n",
    "several volumes and init containers": POD + """    volumeMounts:
    - {name: v, mountPath: /v}
  initContainers:
  - name: one
    image: img
    command: ["/a"]
  - name: two
    image: img
    restartPolicy: Always
  volumes:
  - emptyDir: {}
    name: v
""",
}
JSON_POD = '{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p"},"spec":{"containers":[{"name":"a","image":"i"}]}}'
JSON_INPUTS = {
    "odd white space": '\r\n { "kind" :"Pod",\t"apiVersion": "v1" ,"metadata":{ },\n\n"spec" : {"containers"\n:\n[ {'
    ' "name" : "a" ,"image":"i", "command":[ "x" , "y"] } ],"volumes":[ ] } }\n\n',
    "spellings of numbers and texts": JSON_POD.replace(
        '"spec":{', '"spec":{"terminationGracePeriodSeconds":1e1,"big":18446744073709551616,"z":-0.0,'
        '"u":"\\u00e9\\/\\ud83d\\ude00",'),
    "a stream of objects": JSON_POD + JSON_POD.replace(":", ": ") + "\n\n[]\n" + JSON_POD,
    "a byte order mark": "\ufeff" + JSON_POD + "\n",
    "no line at the end": JSON_POD,
    "tabs": json.dumps(json.loads(JSON_POD), indent="\t") + "\n",
}


def main():
    for name, text in YAML_INPUTS.items() if not sys.argv[1:] else ():
        check_forms(name, text)
    for name, text in JSON_INPUTS.items() if not sys.argv[1:] else ():
        check(f"JSON: {name}", check_json, text)
    files = sys.argv[1:] or sorted(glob.glob(os.path.join(PODS, "*", "*.yaml")))
    for path in files:
        with open(path, encoding="utf-8", newline="") as f:
            text = f.read()
        check_forms(os.path.basename(path), text)
    if not files:
        report(True, "real manifests # SKIP ../shared/pods is absent")
    return end()


if __name__ == "__main__":
    sys.exit(main())
