#!/usr/bin/env python3
"""records.py DIR - judge what the agents of the matrix said; "ok - ..." or "not ok - ..." for each thing.

Every line is valid by injector/report/schema.json, numbered without gaps, and about the pod whose log
it stands in; each container is reported covered or not covered; its programs are named with their arguments.
"""
import json
import pathlib
import sys

import jsonschema
import matrix
import workloads

ROOT = pathlib.Path(__file__).resolve().parents[2]


def read(path):
    """The records of a log and the lines that are none."""
    records, broken = [], []
    for line in path.read_text(errors="replace").splitlines():
        try:
            records.append(json.loads(line))
        except ValueError:
            broken.append(line[:200])
    return records, broken


def programs(records, container):
    return [r["proc"]["args"] for r in records if r["kind"] == "event" and r.get("container") == container
            and r.get("type") == "execve" and r.get("result") == 0]


def origins(records, container):
    return {r["proc"].get("origin") for r in records if r["kind"] == "event" and r.get("container") == container}


def shape(report, logs):
    """What holds for every line of every agent."""
    schema = json.loads((ROOT / "injector/report/schema.json").read_text())
    validator = jsonschema.validators.validator_for(schema)(schema)
    invalid, broken, gaps, strangers, lines, unknown = [], [], [], [], 0, []
    for case, (pod, records, bad) in logs.items():
        broken += [f"{case}: {b}" for b in bad]
        lines += len(records)
        for r in records:
            errors = [e.message for e in validator.iter_errors(r)]
            if errors:
                invalid.append(f"{case}: {errors[0][:160]} in {json.dumps(r)[:200]}")
            if r.get("pod") != pod["metadata"]["name"] or r.get("namespace") != matrix.GUARDED:
                strangers.append(f"{case}: {r.get('namespace')}/{r.get('pod')}")
            if r["kind"] == "drop":
                unknown.append(f"{case}: {r.get('count')} in {r.get('where')}")
        if [r.get("seq") for r in records] != list(range(1, len(records) + 1)):
            gaps.append(f"{case}: {[r.get('seq') for r in records][:30]}")
    report.check(lines > 0 and not invalid, f"{lines} lines of {len(logs)} agents are valid by the schema", *invalid[:8])
    report.check(not broken, "no line of an agent is anything but a record", *broken[:8])
    report.check(not gaps, "sequence numbers start at 1 and have no gaps", *gaps[:8])
    report.check(not strangers, "every line names the pod that it is about", *strangers[:8])
    report.check(not unknown, "nothing was dropped", *unknown[:8])


def coverage(report, case, records, container, expected):
    said = [r for r in records if r["kind"] == "coverage" and r.get("container") == container]
    last = said[-1] if said else {}
    if expected:
        report.check(bool(said) and last.get("covered") is False and last.get("reason") in expected,
                     f"{case}: {container} is reported not covered: {' or '.join(expected)}", f"said {said}")
    else:
        report.check(last.get("covered") is True, f"{case}: {container} is reported covered", f"said {said}")


def named(report, case, records, container, expected):
    seen = programs(records, container)
    missing = [e for e in expected if e not in seen]
    report.check(not missing, f"{case}: {container}'s programs are named with their arguments",
                 f"missing {missing}", f"seen {seen[:12]}")


def of_images(report, logs):
    for image, want in workloads.IMAGES.items():
        for kind in ("deployment", "job", "job-fails", "never", "onfailure", "always"):
            case = f"{image}-{kind}"
            if case not in logs:
                report.check(False, f"{case}: the agent has a log")
                continue
            records = logs[case][1]
            coverage(report, case, records, "main", want.get("uncovered"))
            if not want.get("uncovered"):
                named(report, case, records, "main", want["starts"] if image != "nginx" or kind != "deployment" else
                      [["/bin/ls", "/etc/nginx/nginx.conf"], ["nginx", "-g", "daemon off;"]])
            if kind not in ("deployment", "always"):
                report.check(records and records[-1]["kind"] == "goodbye", f"{case}: the agent says goodbye last",
                             f"last {records[-1:]}")


def of_special(report, logs):
    def records(case):
        return logs.get(case, (None, [], []))[1]
    coverage(report, "static-command", records("static-command"), "main", None)
    named(report, "static-command", records("static-command"), "main", [["/bin/worker", "exit", "5"]])
    coverage(report, "musl-command", records("musl-command"), "main", None)
    named(report, "musl-command", records("musl-command"), "main",
          [["worker", "exit", "5"], ["tool", "0", "one argument", "", "two"], ["tool", "7"]])
    coverage(report, "busybox-command", records("busybox-command"), "main", None)
    named(report, "glibc-again", records("glibc-again"), "main", [["/bin/echo", "first try"], ["/bin/echo", "second try"]])
    named(report, "glibc-init", records("glibc-init"), "prepare", [["/bin/uname", "-m"], ["/bin/cat", "/data/machine"]])
    report.check(origins(records("glibc-init"), "prepare") == {"init"}, "glibc-init: its events have origin init",
                 f"{origins(records('glibc-init'), 'prepare')}")
    for container in ("main", "second"):
        coverage(report, "glibc-shared", records("glibc-shared"), container, None)
    named(report, "glibc-shared", records("glibc-shared"), "second", [["uname", "-s"]])
    probed = [r["proc"].get("origin") for r in records("glibc-probes") if r["kind"] == "event"
              and r.get("type") == "execve" and r["proc"]["args"] == ["/bin/true", "probe"]]
    report.check(probed and set(probed) <= {"probe", "exec"}, "glibc-probes: the probe's programs are named",
                 f"{probed[:5]}")
    named(report, "glibc-readonly", records("glibc-readonly"), "main", [["/bin/uname", "-s"]])


def main():
    folder = pathlib.Path(sys.argv[1])
    report = matrix.Report()
    logs = {}
    for case, pod in matrix.pods_by_case(folder, matrix.GUARDED).items():
        path = folder / f"{matrix.GUARDED}.{pod['metadata']['name']}.farguard-agent.log"
        if path.exists():
            logs[case] = (pod, *read(path))
    shape(report, logs)
    of_images(report, logs)
    of_special(report, logs)


if __name__ == "__main__":
    main()
