"""records.py - judges what an agent said of its pod: the shape of each line, coverage, and the programs by name."""
import json
import pathlib

import jsonschema

SCHEMA = json.loads((pathlib.Path(__file__).resolve().parents[3] / "injector/report/schema.json").read_text())
VALIDATORS = {}


def validator(kind):
    """The schema's part for one kind of record: the whole schema would try each kind on each line."""
    if kind not in VALIDATORS:
        whole = {**SCHEMA, "allOf": [{"$ref": f"#/$defs/{kind}"}]} if kind in SCHEMA["$defs"] else SCHEMA
        if whole is not SCHEMA:
            del whole["oneOf"]
        VALIDATORS[kind] = jsonschema.validators.validator_for(SCHEMA)(whole)
    return VALIDATORS[kind]


class Log:
    """The records of one agent's log."""

    def __init__(self, text):
        self.records, self.broken = [], []
        for line in text.decode(errors="replace").splitlines():
            try:
                self.records.append(json.loads(line))
            except ValueError:
                self.broken.append(line[:200])

    def starts(self, container):
        """The programs that started in a container, as (argument vector, origin); some have ended before their start was confirmed."""
        return [(r["proc"]["args"], r["proc"].get("origin")) for r in self.records
                if r["kind"] == "event" and r.get("container") == container and r.get("type") == "execve" and r.get("result", 0) == 0]

    def coverage(self, container):
        """What holds: the last word on it; {} where there is none."""
        said = [r for r in self.records if r["kind"] == "coverage" and r.get("container") == container and "session" not in r]
        return said[-1] if said else {}

    def how(self, container):
        """As the documentation's table says it."""
        said = self.coverage(container)
        return said.get("how", "covered") if said.get("covered") else f"not: {said.get('reason', 'no record')}"


def shape(log, made, workload):
    """What holds for every line; the lines of what is wrong."""
    wrong = [f"no record: {line}" for line in log.broken[:3]]
    name, namespace = made["metadata"]["name"], made["metadata"]["namespace"]
    for r in log.records:
        errors = [e.message for e in validator(r.get("kind")).iter_errors(r)]
        if errors:
            wrong.append(f"not valid: {errors[0][:160]} in {json.dumps(r)[:200]}")
        if (r.get("namespace"), r.get("pod"), r.get("workload")) != (namespace, name, workload):
            wrong.append(f"about {r.get('namespace')}/{r.get('pod')} of {r.get('workload')}, not {namespace}/{name} of {workload}")
        if r["kind"] == "drop":
            wrong.append(f"dropped: {r.get('count')} in {r.get('where')}")
    if [r.get("seq") for r in log.records] != list(range(1, len(log.records) + 1)):
        wrong.append(f"sequence numbers: {[r.get('seq') for r in log.records][:40]}")
    return wrong[:6] if log.records else ["the agent has no log"]


def coverage(log, expected, pid1):
    """`expected`: {container: how, or a tuple of reasons why not}; `pid1`: who is the first process; the lines of what is wrong."""
    wrong = []
    for container, want in expected.items():
        said = log.coverage(container)
        if said.get("covered") is not isinstance(want, str) or (said.get("how", want) != want if isinstance(want, str) else
                                                                said.get("reason") not in want):
            wrong.append(f"coverage of {container}: expected {want}, said {log.how(container)}")
        elif said["covered"] and said["pid1"] != pid1:
            wrong.append(f"first process of {container}: expected {pid1}, said {said['pid1']}")
    return wrong


def named(log, expected, origin=None):
    """`expected`: {container: argument vectors that must have been named}."""
    wrong = []
    for container, vectors in expected.items():
        seen = log.starts(container)
        missing = [v for v in map(list, vectors) if not any(v == args and origin in (None, o) for args, o in seen)]
        if missing:
            wrong.append(f"{container}: not named {'with origin ' + origin + ' ' if origin else ''}{missing}, but {seen[:12]}")
    return wrong


def farewell(log, reasons):
    last = log.records[-1] if log.records else {}
    if last.get("kind") == "goodbye" and last.get("reason") in reasons:
        return []
    return [f"the agent's last record is {json.dumps(last)[:400]}"]
