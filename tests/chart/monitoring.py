#!/usr/bin/env python3
"""monitoring.py WHAT FILE... - monitors, alerts and dashboard of a rendering (TAP lines without numbers).

  rules FILE OUT       write the rules as promtool reads them
  tested FILE OUT      the same with the summary as the only annotation, for `promtool test rules`
  alerts FILE TEST     each has all its annotations, is in the test, and uses only our metrics
  dashboard FILE       every panel has a query, and uses only our metrics
"""
import json
import pathlib
import re
import sys

import yaml

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
METRICS = {line.split()[1] for line in (TOP / "hack/names.txt").read_text().splitlines() if line.startswith("metric ")}


def ok(passed, name, *explanation):
    print(f"{'ok' if passed else 'not ok'} - {name}")
    if not passed:
        print("\n".join(f"#   {e}" for e in explanation))


def of_kind(path, kind):
    return [o for o in yaml.safe_load_all(open(path)) if o and o["kind"] == kind]


def rules(path):
    return of_kind(path, "PrometheusRule")[0]["spec"]


def metrics_of(expression):
    names = re.findall(r"\bfarguard_[a-z_]+", expression)
    return {re.sub(r"_(bucket|sum|count)$", "", n) if "duration_seconds" in n else n for n in names}


def check_alerts(path, test):
    alerts = [r for g in rules(path)["groups"] for r in g["rules"]]
    for alert in alerts:
        lacks = {"summary", "description", "runbook"} - {k for k, v in alert["annotations"].items() if v.strip()}
        ok(not lacks and alert["labels"].get("severity") in ("critical", "warning", "info"),
           f"{alert['alert']} has a severity, says what happens and what to do", f"lacks {lacks or 'severity'}")
        strange = metrics_of(alert["expr"]) - METRICS
        ok(not strange and metrics_of(alert["expr"]), f"{alert['alert']} uses our metrics", f"{strange or 'none'}")
    names = [a["alert"] for a in alerts]
    cases = [t for case in yaml.safe_load(open(test))["tests"] for t in case["alert_rule_test"]]
    fired = {t["alertname"] for t in cases if t.get("exp_alerts")}
    quiet = {t["alertname"] for t in cases if not t.get("exp_alerts")}
    ok(fired == set(names), "the test has each alert fire", f"never: {set(names) - fired}; unknown: {fired - set(names)}")
    ok(quiet == set(names), "and be quiet", f"never: {set(names) - quiet}; unknown: {quiet - set(names)}")
    schema = json.loads((TOP / "charts/farguard/values.schema.json").read_text())
    listed = schema["properties"]["monitoring"]["properties"]["rules"]["properties"]["disabled"]["items"]["enum"]
    ok(sorted(listed) == sorted(names), "the schema names the alerts", f"{sorted(set(listed) ^ set(names))}")


def check_dashboard(path):
    maps = [o for o in of_kind(path, "ConfigMap") if o["metadata"]["name"] == "farguard-dashboard"]
    dashboard = json.loads(maps[0]["data"]["farguard.json"])
    used, empty, ids = set(), [], []
    for panel in dashboard["panels"]:
        ids.append(panel["id"])
        queries = [t["expr"] for t in panel.get("targets", [])]
        if not queries or not all(metrics_of(q) for q in queries):
            empty.append(panel["title"])
        for query in queries:
            used |= metrics_of(query)
    ok(maps[0]["metadata"]["labels"].get("grafana_dashboard") == "1", "Grafana's sidecar finds the dashboard")
    ok(not empty and len(ids) == len(set(ids)), "every panel has queries on our metrics and an id of its own", f"{empty} {ids}")
    ok(used <= METRICS, "the dashboard uses metrics that there are", f"{used - METRICS}")
    for first in range(len(ids)):
        a = dashboard["panels"][first]["gridPos"]
        for b in (p["gridPos"] for p in dashboard["panels"][first + 1:]):
            if a["x"] < b["x"] + b["w"] and b["x"] < a["x"] + a["w"] and a["y"] < b["y"] + b["h"] and b["y"] < a["y"] + a["h"]:
                ok(False, "no panel covers another", f"{a} {b}")


def main():
    what, *paths = sys.argv[1:]
    if what in ("rules", "tested"):
        spec = rules(paths[0])
        for rule in (r for g in spec["groups"] for r in g["rules"]):
            if what == "tested":
                rule["annotations"] = {"summary": rule["annotations"]["summary"]}
        pathlib.Path(paths[1]).write_text(yaml.safe_dump(spec))
    elif what == "alerts":
        check_alerts(*paths)
    elif what == "dashboard":
        check_dashboard(*paths)
    else:
        sys.exit(2)


main()
