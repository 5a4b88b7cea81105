#!/usr/bin/env python3
"""overlay.py BASE RENDERED DIR - write into DIR the kustomization that makes RENDERED out of BASE.

An object of both gets a JSON patch with what is different, one of BASE alone is deleted, one of
RENDERED alone is a resource, in its own text.
"""
import pathlib
import re
import sys

import yaml


def documents(path):
    """(identity, object, text) of each document."""
    for text in re.split(r"^---$", pathlib.Path(path).read_text(), flags=re.MULTILINE):
        value = yaml.safe_load(text)
        if value:
            meta = value["metadata"]
            group, _, version = value["apiVersion"].rpartition("/")
            target = {"group": group, "version": version, "kind": value["kind"], "name": meta["name"]}
            if "namespace" in meta:
                target["namespace"] = meta["namespace"]
            yield tuple(target.items()), value, text.strip("\n")


def differences(old, new, path=""):
    """JSON patch operations that make `new` out of `old`; a list of another length is replaced as a whole."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            at = f"{path}/{key.replace('~', '~0').replace('/', '~1')}"
            if key not in new:
                yield {"op": "remove", "path": at}
            elif key not in old:
                yield {"op": "add", "path": at, "value": new[key]}
            else:
                yield from differences(old[key], new[key], at)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, pair in enumerate(zip(old, new)):
            yield from differences(*pair, f"{path}/{index}")
    elif old != new or type(old) is not type(new):
        # The path last: kustomize cuts the last line's end off a patch.
        yield {"op": "replace", "value": new, "path": path}


class Dumper(yaml.SafeDumper):
    """Text of several lines as a block; lists within their keys' column."""


Dumper.add_representer(str, lambda dumper, text: dumper.represent_scalar(
    "tag:yaml.org,2002:str", text, style="|" if "\n" in text else None))


def dump(value):
    return yaml.dump(value, Dumper=Dumper, sort_keys=False, width=1000)


def main():
    base_path, rendered_path, directory = sys.argv[1:4]
    base = {identity: value for identity, value, _ in documents(base_path)}
    rendered = {identity: (value, text) for identity, value, text in documents(rendered_path)}
    patches, resources = [], ["../../base"]
    added = [text for identity, (_, text) in rendered.items() if identity not in base]
    for identity, value in base.items():
        if identity not in rendered:
            gone = {"apiVersion": value["apiVersion"], "kind": value["kind"], "metadata": {
                key: value["metadata"][key] for key in ("name", "namespace") if key in value["metadata"]}}
            patches.append({"patch": dump({"$patch": "delete", **gone})})
            continue
        operations = list(differences(value, rendered[identity][0]))
        if operations:
            target = {key: word for key, word in identity if word}
            patches.append({"target": target, "patch": dump(operations)})
    out = pathlib.Path(directory)
    if added:
        resources.append("added.yaml")
        (out / "added.yaml").write_text("\n---\n".join(added) + "\n")
    kustomization = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": resources}
    if patches:
        kustomization["patches"] = patches
    (out / "kustomization.yaml").write_text(
        "# Made from values.yaml by hack/manifests.sh; edit that.\n" + dump(kustomization))


main()
