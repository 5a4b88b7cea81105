#!/usr/bin/env python3
"""values.py [--write] - the chart's values: each documented, in the schema, and in the README's table.

A value is a key of values.yaml whose own value is written on the same line.  The comment right above
it is its documentation; that of a key with values below it says what they are for.  With --write the
table between the two markers of charts/farguard/README.md is made anew; without it, what is wrong is
printed as FILE:LINE: message, with exit status 1.
"""
import json
import pathlib
import sys

import yaml

CHART = pathlib.Path(__file__).resolve().parent.parent / "charts/farguard"
BEGIN, END = "<!-- values: hack/values.py --write -->", "<!-- end of values -->"

problems = []


def problem(name, line, message):
    problems.append(f"charts/farguard/{name}:{line}: {message}")


def comment_above(lines, number):
    """The comment that ends right above the line `number` (from 0), as one sentence or more."""
    first = number
    while first > 0 and lines[first - 1].lstrip().startswith("#"):
        first -= 1
    return " ".join(" ".join(line.strip().lstrip("#").split()) for line in lines[first:number])


def values(text):
    """(path, line, documentation, default or None for a key with values below it), in their order."""
    lines = text.splitlines()

    def walk(node, path):
        for key, value in node.value:
            name, line = path + (key.value,), key.start_mark.line
            inner = isinstance(value, yaml.MappingNode) and not value.flow_style
            default = None if inner else text[value.start_mark.index:value.end_mark.index]
            yield name, line + 1, comment_above(lines, line), default
            if inner:
                yield from walk(value, name)

    yield from walk(yaml.compose(text), ())


def resolve(schema, root):
    while "$ref" in schema:
        node = root
        for step in schema["$ref"].removeprefix("#/").split("/"):
            node = node[step]
        schema = node
    return schema


def leaves(schema, root, path=()):
    """Paths of the schema's properties, down to what has none."""
    for key, inner in schema.get("properties", {}).items():
        inner = resolve(inner, root)
        yield path + (key,)
        yield from leaves(inner, root, path + (key,))


def closed(schema, root, path=()):
    """Objects of the schema with fixed properties that would let others pass."""
    schema = resolve(schema, root)
    if "properties" in schema and schema.get("additionalProperties") is not False:
        yield path
    for key, inner in schema.get("properties", {}).items():
        yield from closed(inner, root, path + (key,))


def known(path, default):
    """Whether the schema's `path` stands in values.yaml, or within a value that is written on one line."""
    return any(path[:n] in default and (n == len(path) or default[path[:n]] is not None)
               for n in range(len(path), 0, -1))


def check(listed, schema):
    paths = set(leaves(schema, schema))
    default = {path: value for path, _, _, value in listed}
    for path, line, documentation, _ in listed:
        name = ".".join(path)
        if not documentation:
            problem("values.yaml", line, f"{name} has no comment right above it")
        if "|" in documentation:
            problem("values.yaml", line, f"{name}: a bar would end the cell of the table")
        if path not in paths:
            problem("values.yaml", line, f"{name} is not in values.schema.json")
    for path in sorted(paths):
        if path != ("global",) and not known(path, default):
            problem("values.schema.json", 1, f"{'.'.join(path)} is not in values.yaml")
    for path in closed(schema, schema):
        problem("values.schema.json", 1, f"{'.'.join(path) or 'the top'} takes unknown keys")


def table(listed):
    rows = ["| value | default | |", "|---|---|---|"]
    for path, _, documentation, default in listed:
        shown = "" if default is None else f"`{' '.join(default.split())}`"
        rows.append(f"| {'.'.join(path).join('``')} | {shown} | {documentation} |")
    return "\n".join([BEGIN, *rows, END])


def main():
    listed = list(values((CHART / "values.yaml").read_text()))
    check(listed, json.loads((CHART / "values.schema.json").read_text()))
    readme = (CHART / "README.md").read_text()
    before, _, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        problem("README.md", 1, f"lacks the markers {BEGIN} and {END}")
    current = before + table(listed) + after
    if end and sys.argv[1:] == ["--write"]:
        (CHART / "README.md").write_text(current)
    elif end and current != readme:
        problem("README.md", before.count("\n") + 1, "the table of values is not current: hack/values.py --write")
    print("\n".join(problems), end="\n" if problems else "", file=sys.stderr)
    sys.exit(1 if problems else 0)


main()
