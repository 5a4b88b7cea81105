#!/usr/bin/env python3
"""schemas.py DIR - JSON schemas for kubeconform, out of an API server's /openapi/v2 on standard input.

One file a kind, as kubeconform names it: kind-group-version.json or kind-version.json, in lower
case.  They are strict: unknown fields are refused wherever the API server would not keep them.
"""
import json
import pathlib
import sys

KIND = "x-kubernetes-group-version-kind"


def strict(node):
    """A schema as kubeconform's compiler takes it; the names below `properties` are no keywords."""
    if isinstance(node, list):
        return [strict(inner) for inner in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return {"$ref": "_definitions.json" + node["$ref"]}
    if node.get("x-kubernetes-int-or-string") or node.get("format") == "int-or-string":
        return {"type": ["integer", "string"]}
    out = {key: strict(value) for key, value in node.items()
           if key not in ("properties", "example", "default", "format") and not key.startswith("x-kubernetes-")}
    if "properties" in node:
        out["properties"] = {name: strict(value) for name, value in node["properties"].items()}
        if "additionalProperties" not in node and not node.get("x-kubernetes-preserve-unknown-fields"):
            out["additionalProperties"] = False
    return out


def main():
    out = pathlib.Path(sys.argv[1])
    definitions = json.load(sys.stdin)["definitions"]
    made = {name: strict(value) for name, value in definitions.items()}
    # They are objects in Go and something else on the wire.
    made["io.k8s.apimachinery.pkg.api.resource.Quantity"] = {"type": ["string", "number"]}
    made["io.k8s.apimachinery.pkg.util.intstr.IntOrString"] = {"type": ["string", "integer"]}
    (out / "_definitions.json").write_text(json.dumps({"definitions": made}))
    for name, value in definitions.items():
        kinds = value.get(KIND, [])
        if len(kinds) != 1:
            continue
        kind = kinds[0]
        group = kind["group"].split(".")[0]
        file = "-".join(part for part in (kind["kind"], group, kind["version"]) if part).lower()
        schema = {"$ref": f"_definitions.json#/definitions/{name}", "required": ["apiVersion", "kind"]}
        (out / f"{file}.json").write_text(json.dumps({"allOf": [schema]}))


main()
