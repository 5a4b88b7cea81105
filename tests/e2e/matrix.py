#!/usr/bin/env python3
"""matrix.py settled|compare DIR - compare the matrix in the guarded and in the bare namespace.

DIR holds what run.sh collected: NAMESPACE.pods.json, NAMESPACE.jobs.json and the logs, one file each:
NAMESPACE.POD.CONTAINER.log.  `settled` exits with 0 when nothing more will happen in any pod;
`compare` prints one "ok - ..." or "not ok - ..." line for each thing compared, with details behind #.
"""
import json
import pathlib
import sys

import workloads

GUARDED, BARE = "e2e-guarded", "e2e-bare"
OURS = {"farguard-agent", "farguard-install"}


def load(folder, name):
    return json.loads((folder / name).read_text())


def pods_by_case(folder, namespace):
    return {p["metadata"]["labels"]["case"]: p for p in load(folder, f"{namespace}.pods.json")["items"]}


def statuses(pod):
    state = pod.get("status", {})
    return {s["name"]: s for s in state.get("initContainerStatuses", []) + state.get("containerStatuses", [])}


def policy_of(pod):
    return pod["spec"]["restartPolicy"]


def is_settled(pod):
    """Whether this pod has reached the state that it is meant to reach."""
    case = pod["metadata"]["labels"]["case"]
    if pod["status"]["phase"] in ("Succeeded", "Failed"):
        return True
    if case == "glibc-missing":  # never starts when bare, whoever refuses it
        main = statuses(pod).get("main", {}).get("state", {})
        return "terminated" in main or main.get("waiting", {}).get("reason") in ("RunContainerError", "StartError")
    ready = {c["type"]: c["status"] for c in pod["status"].get("conditions", [])}
    return policy_of(pod) == "Always" and ready.get("Ready") == "True"


def outcome(pod):
    """What a user of this pod can tell of it: phase, and each container's end."""
    result = {"phase": pod["status"]["phase"], "qos": pod["status"].get("qosClass")}
    for name, status in statuses(pod).items():
        if name in OURS:
            continue
        ended = status.get("state", {}).get("terminated") or {}
        result[name] = {"exit": ended.get("exitCode"), "reason": ended.get("reason"), "restarts": status["restartCount"],
                        "ready": status["ready"]}
    return result


def output(folder, pod, name):
    path = folder / f"{pod['metadata']['namespace']}.{pod['metadata']['name']}.{name}.log"
    lines = path.read_text(errors="replace").splitlines() if path.exists() else ["(no log)"]
    if policy_of(pod) == "Always":  # it goes on: compare what it says first
        lines = [x for x in lines if x != "again" and x not in ("tool <again>", "tool <0>")]
    return lines


class Report:
    def __init__(self):
        self.failed = 0

    def check(self, condition, name, *details):
        print("ok" if condition else "not ok", "-", name)
        if not condition:
            self.failed += 1
            for detail in details:
                print("#  ", detail)


def compare_pod(report, folder, case, bare, guarded):
    left, right = outcome(bare), outcome(guarded)
    if left["qos"] == "BestEffort":  # the agent's limits make it Burstable; no other class may change
        left["qos"] = "Burstable"
    if case == "glibc-missing":
        # Bare, the runtime refuses to start it (128); guarded, the launcher does, as a shell would (127).
        report.check(guarded["status"]["phase"] == "Failed" and right["main"]["exit"] in (127, 128),
                     f"{case}: fails to start as when bare", f"bare {left}", f"guarded {right}")
        return
    report.check(left == right, f"{case}: ends as when bare", f"bare    {left}", f"guarded {right}")
    for name in left:
        if name in ("phase", "qos"):
            continue
        a, b = output(folder, bare, name), output(folder, guarded, name)
        if policy_of(bare) == "Always":
            a, b = a[:min(len(a), len(b))], b[:min(len(a), len(b))]
        report.check(a == b and a and a != ["(no log)"], f"{case}: {name} says what it says when bare", f"bare    {a}", f"guarded {b}")


def fits_fargate(pod):
    """Nothing that the Fargate scheduler would refuse, and no request that moves the pod to a larger size."""
    for c in pod["spec"]["containers"] + pod["spec"].get("initContainers", []):
        security = c.get("securityContext", {})
        if c["name"] in OURS and (security.get("privileged") or security.get("capabilities", {}).get("add")
                                  or any(p.get("hostPort") for p in c.get("ports", []))
                                  or any(v not in ("0", 0) for v in c["resources"].get("requests", {}).values())):
            return False
    return not any("hostPath" in v or "image" in v for v in pod["spec"].get("volumes", []))


def job_ends(folder, namespace):
    """Each Job's counts of pods, and the conditions that hold."""
    return {j["metadata"]["name"]: (j["status"].get("succeeded", 0), j["status"].get("failed", 0), sorted(
        c["type"] for c in j["status"].get("conditions", []) if c["status"] == "True"))
        for j in load(folder, f"{namespace}.jobs.json")["items"]}


def compare_jobs(report, folder):
    bare, guarded = job_ends(folder, BARE), job_ends(folder, GUARDED)
    for name in sorted(bare):
        report.check(bare[name] == guarded.get(name) and bare[name][2], f"{name}: the Job ends as when bare",
                     f"bare {bare[name]}", f"guarded {guarded.get(name)}")


def main():
    verb, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    bare, guarded = pods_by_case(folder, BARE), pods_by_case(folder, GUARDED)
    cases = [w["metadata"]["name"] for w in workloads.all_workloads()]
    if verb == "settled":
        waiting = [f"{c} {n}" for n, pods in (("bare", bare), ("guarded", guarded)) for c in cases
                   if c not in pods or not is_settled(pods[c])]
        # The Job controller hears of its pods' ends a little later.
        waiting += [f"{n} Job {name}" for n in (BARE, GUARDED) for name, end in job_ends(folder, n).items()
                    if not {"Complete", "Failed"} & set(end[2])]
        print(f"{len(waiting)} of {2 * len(cases)} pods, and Jobs, are not there yet: {', '.join(waiting[:6])}")
        sys.exit(1 if waiting else 0)
    report = Report()
    for case in cases:
        if case not in bare or case not in guarded:
            report.check(False, f"{case}: there is a pod", f"bare {case in bare}, guarded {case in guarded}")
            continue
        compare_pod(report, folder, case, bare[case], guarded[case])
    injected = [c for c in cases if c in guarded and guarded[c]["metadata"]["labels"].get("farguard.io/injected") == "true"]
    report.check(len(injected) == len(cases), f"all {len(cases)} pods were injected", f"not: {set(cases) - set(injected)}")
    report.check(not any("farguard" in json.dumps(p["spec"]["containers"]).replace("farguard.test", "") for p in bare.values()),
                 "no pod of the namespace without annotation was injected")
    unfit = [c for c in cases if c in guarded and not fits_fargate(guarded[c])]
    report.check(not unfit, "nothing was added that Fargate refuses or bills", f"in {unfit}")
    compare_jobs(report, folder)


if __name__ == "__main__":
    main()
