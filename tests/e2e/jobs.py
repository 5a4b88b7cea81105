#!/usr/bin/env python3
"""jobs.py PORT FARGUARDCTL CONFIG - Jobs and CronJobs, bare, with a native sidecar and with a plain agent, side by side.

PORT is a `kubectl proxy`; CONFIG has the agent as a plain container, which farguardctl puts into the third set.
Prints one "ok - ..." or "not ok - ..." line for each thing compared, with details behind #.
"""
import concurrent.futures
import datetime
import json
import re
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request

import jobspecs
from report import Report
from workloads import OURS

BARE, SIDECAR, PLAIN = "e2e-jobs-bare", "e2e-jobs-sidecar", "e2e-jobs-plain"
SETS = (BARE, SIDECAR, PLAIN)
LIMIT = 480  # seconds for all of them to end, on a busy machine
AT_ONCE = 5  # of them in each set


class Api:
    def __init__(self, port):
        self.base = f"http://127.0.0.1:{port}"

    def call(self, path, body=None, method=None, kind="application/json"):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, {"Content-Type": kind}, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read()

    def items(self, namespace, what, group="/apis/batch/v1"):
        return json.loads(self.call(f"{group}/namespaces/{namespace}/{what}"))["items"]

    def pods(self, namespace):
        return self.items(namespace, "pods", "/api/v1")

    def log(self, pod, container):
        try:
            return self.call(f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}/log?container={container}").decode()
        except urllib.error.HTTPError:
            return ""


def name_of(thing):
    return thing["metadata"]["name"]


def create(api, namespace, objects):
    paths = {"Job": "/apis/batch/v1", "CronJob": "/apis/batch/v1", "Pod": "/api/v1"}

    def post(item):
        what = item["kind"].lower() + "s"
        for _ in range(3):
            try:
                return api.call(f"{paths[item['kind']]}/namespaces/{namespace}/{what}", item)
            except urllib.error.HTTPError as e:
                error = e.read().decode()
        raise SystemExit(f"{namespace}: {name_of(item)}: {error}")
    with concurrent.futures.ThreadPoolExecutor(4) as several:
        list(several.map(post, objects))


def injected(objects, farguardctl, config):
    """As `farguardctl inject` gives them out: the webhook has one placement for all."""
    done = subprocess.run([farguardctl, "inject", "--config", config, "-o", "json", "-"], capture_output=True, check=True,
                          input=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}).encode())
    return json.loads(done.stdout)["items"]


def job_of(pod):
    return pod["metadata"].get("labels", {}).get("batch.kubernetes.io/job-name", "")


def conditions(job):
    return {c["type"]: c for c in job.get("status", {}).get("conditions", []) if c["status"] == "True"}


def is_over(job):
    return bool({"Complete", "Failed"} & set(conditions(job)))


class Acts:
    """What is done to some of them while they run, once each."""

    def __init__(self, api):
        self.api, self.done = api, set()

    def once(self, namespace, what, act):
        if (namespace, what) not in self.done:
            self.done.add((namespace, what))
            act()

    def patch(self, namespace, job, suspend):
        self.api.call(f"/apis/batch/v1/namespaces/{namespace}/jobs/{job}", {"spec": {"suspend": suspend}}, "PATCH",
                      "application/merge-patch+json")

    def evict(self, pod):
        meta = {"name": name_of(pod), "namespace": pod["metadata"]["namespace"]}
        self.api.call(f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}/eviction",
                      {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": meta})

    def turn(self, namespace, jobs, pods):
        running = {job_of(p): p for p in pods if p["status"]["phase"] == "Running" and "deletionTimestamp" not in p["metadata"]
                   and any(s["name"] == "main" and "running" in s.get("state", {}) for s in p["status"].get("containerStatuses", []))}
        for job in jobs:
            name = name_of(job)
            if name == "suspended" and "Suspended" in conditions(job):
                self.once(namespace, "resume", lambda name=name: self.patch(namespace, name, False))
            if name == "paused" and name in running:
                self.once(namespace, "pause", lambda name=name: self.patch(namespace, name, True))
            if name == "paused" and "Suspended" in conditions(job) and not [p for p in pods if job_of(p) == name]:
                self.once(namespace, "go on", lambda name=name: self.patch(namespace, name, False))
            if name == "evicted" and name in running:
                self.once(namespace, "evict", lambda name=name: self.evict(running[name]))


class Course:
    """Jobs are created a few at a time, the same ones in all sets at once, so that none waits long for its turn on a node."""

    def __init__(self, api, sets):
        self.api, self.ended, self.begun = api, {}, []
        self.sets = {n: {name_of(o): o for o in those} for n, those in sets.items()}
        self.todo = [name for name, o in self.sets[BARE].items() if o["kind"] == "Job"]
        self.crons = [o for o in self.sets[BARE].values() if o["kind"] == "CronJob"]

    def missing(self, namespace):
        return [n for n in self.begun if n in self.sets[namespace] and (namespace, n) not in self.ended]

    def begin(self):
        """As many more as there is room for."""
        busy = {n for namespace in SETS for n in self.missing(namespace)}
        fresh = self.todo[:max(0, AT_ONCE - len(busy))]
        self.todo = self.todo[len(fresh):]
        self.begun += fresh
        with concurrent.futures.ThreadPoolExecutor(3) as several:
            list(several.map(lambda n: create(self.api, n, [self.sets[n][job] for job in fresh if job in self.sets[n]]), SETS))

    def run(self):
        """Until every Job has ended and the CronJobs have run twice; what is missing otherwise."""
        acts, end, waiting = Acts(self.api), time.monotonic() + LIMIT, ["all"]
        for namespace in (BARE, SIDECAR):
            create(self.api, namespace, self.crons)
        while waiting and time.monotonic() < end:
            self.begin()
            waiting = self.todo[:]
            for namespace in SETS:
                jobs = self.api.items(namespace, "jobs")
                acts.turn(namespace, jobs, self.api.pods(namespace))
                # One of them is removed when it has ended.
                self.ended.update({(namespace, name_of(job)): job for job in jobs if is_over(job)})
                waiting += [f"{namespace}/{n}" for n in self.missing(namespace)]
                waiting += [f"{namespace}/removed is still there" for j in jobs if name_of(j) == "removed"]
                if namespace != PLAIN and cron_count(jobs, "allow") < 2:
                    waiting.append(f"{namespace}/allow, a second time")
            time.sleep(0.5)
        return waiting


def cron_count(jobs, prefix):
    return sum(name_of(j).startswith(prefix + "-") for j in jobs)


def neutral(text):
    """Without what two of a kind are told apart by."""
    return re.sub(r"-[a-z0-9]{5}\b", "", re.sub(r"e2e-jobs-[a-z]+", "NS", text))


def outcome(job):
    status = job.get("status", {})
    return {"conditions": sorted((t, c.get("reason"), neutral(c.get("message", ""))) for t, c in conditions(job).items()),
            **{k: status.get(k) for k in ("succeeded", "failed", "completedIndexes", "failedIndexes") if status.get(k)}}


def end_of(status):
    state = status.get("state", {})
    ended = state.get("terminated") or {}
    return (status["name"], ended.get("exitCode"), ended.get("reason"), status["restartCount"], sorted(state))


def pods_of(pods, job):
    """What can be told of a Job's pods, in no order."""
    found = []
    for pod in pods:
        if job_of(pod) != job:
            continue
        status = pod["status"]
        ends = [end_of(s) for s in status.get("initContainerStatuses", []) + status.get("containerStatuses", []) if s["name"] not in OURS]
        found.append(json.dumps([status["phase"], status.get("reason"), pod["metadata"].get("annotations", {}).get(
            "batch.kubernetes.io/job-completion-index"), ends]))
    return sorted(found)


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def seconds(job):
    began = job["status"].get("startTime") or job["metadata"]["creationTimestamp"]
    over = [c["lastTransitionTime"] for t, c in conditions(job).items() if t in ("Complete", "Failed")]
    return (moment(over[0]) - moment(began)).total_seconds()


def compare(report, ended, pods, names):
    for job in sorted(names[BARE]):
        bare = ended.get((BARE, job))
        for namespace in (SIDECAR, PLAIN):
            if job not in names[namespace]:
                continue
            guarded, how = ended.get((namespace, job)), namespace.rsplit("-", 1)[1]
            left, right = (outcome(j) if j else "not over" for j in (bare, guarded))
            report.check(bare and left == right, f"{job}, {how}: the Job ends as when bare", f"bare    {left}", f"guarded {right}")
            if job in jobspecs.PODS_ARE_REMOVED:
                continue
            left, right = pods_of(pods[BARE], job), pods_of(pods[namespace], job)
            report.check(left == right and left, f"{job}, {how}: its pods end as when bare", *(f"bare    {x}" for x in left), *(f"guarded {x}" for x in right))


def compare_times(report, ended, names):
    for namespace in (SIDECAR, PLAIN) if ended else ():
        more = {job: seconds(ended[namespace, job]) - seconds(ended[BARE, job]) for job in names[namespace]
                if (namespace, job) in ended and (BARE, job) in ended and job not in jobspecs.ACTED_ON}
        if not more:
            continue
        middle, base = statistics.median(more.values()), statistics.median(seconds(ended[BARE, job]) for job in more)
        worst = max(more, key=more.get)
        print(f"# {namespace}: median {middle:+.0f} s against {base:.0f} s bare, {worst} {more[worst]:+.0f} s")
        # Two containers more are started, and a busy node takes seconds for each; a sidecar ends after the others.
        report.check(middle <= 6 + base, f"{namespace}: Jobs take as long as bare ones", f"{sorted(more.items(), key=lambda x: -x[1])[:8]}")


def compare_cron(report, api):
    for name in ("allow", "forbid", "replace"):
        seen = {}
        for namespace in (BARE, SIDECAR):
            jobs = [j for j in api.items(namespace, "jobs") if name_of(j).startswith(name + "-")]
            cron = next(c for c in api.items(namespace, "cronjobs") if name_of(c) == name)
            seen[namespace] = (len(jobs), len(cron["status"].get("active", [])), [j["status"].get("active") for j in jobs])
        report.check(seen[BARE] == seen[SIDECAR] and seen[BARE][0] > 0, f"CronJob {name}: the same Jobs run as when bare", f"{seen}")


def records_of(api, pod):
    lines = api.log(pod, "farguard-agent").splitlines()
    return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")], len(lines)


def judge_logs(report, api, pods):
    """Every log that is left: whole, ended by a goodbye, and the programs of all containers, init and retried ones too, are in it."""
    wrong, missing, count = [], [], 0
    for namespace in (SIDECAR, PLAIN):
        for pod in pods[namespace]:
            if pod["status"]["phase"] not in ("Succeeded", "Failed") or job_of(pod) in jobspecs.UNRECORDED.get(namespace, ()):
                continue
            records, lines = records_of(api, pod)
            count += 1
            where = f"{namespace}/{name_of(pod)}"
            seqs = [r["seq"] for r in records]
            if lines != len(records) or seqs != list(range(1, lines + 1)) or not records or records[-1]["kind"] != "goodbye":
                wrong.append(f"{where}: {lines} lines, numbers {seqs[:5]}..{seqs[-2:]}, last {records[-1:]}")
            if any(r["kind"] == "drop" for r in records):
                wrong.append(f"{where}: dropped {[r for r in records if r['kind'] == 'drop'][:2]}")
            said = {(r["container"], r["proc"]["args"][1]) for r in records if r["kind"] == "event" and r["type"] == "execve"
                    and r["proc"]["args"][0] == "/bin/echo" and len(r["proc"]["args"]) == 2}
            want = set(jobspecs.SAYS.get(job_of(pod), ()))
            if want - said:
                missing.append(f"{where}: {sorted(want - said)} missing of {sorted(want)}, has {sorted(said)}")
    report.check(count > 20 and not wrong, f"the logs of {count} agents are whole and end with a goodbye", *wrong[:6])
    report.check(not missing, "what every container ran is in them, of init containers and of their retries too", *missing[:6])


def main():
    api = Api(sys.argv[1])
    report = Report()
    objects = list(jobspecs.all_jobs())
    plain = [o for o in objects if name_of(o) in jobspecs.ALSO_PLAIN]
    began = time.monotonic()
    sets = {BARE: objects, SIDECAR: objects, PLAIN: injected(plain, sys.argv[2], sys.argv[3])}
    names = {n: [name_of(o) for o in those if o["kind"] == "Job"] for n, those in sets.items()}
    course = Course(api, sets)
    waiting = course.run()
    ended = course.ended
    report.check(not waiting, f"{sum(len(names[n]) for n in SETS)} Jobs have ended", *waiting[:8])
    print(f"# they took {time.monotonic() - began:.0f} s")
    pods = {namespace: api.pods(namespace) for namespace in SETS}
    agents = {n: sum("farguard-agent" in json.dumps(p["spec"]) for p in pods[n]) for n in SETS}
    report.check(agents[BARE] == 0 and agents[SIDECAR] == len(pods[SIDECAR]) and agents[PLAIN] == len(pods[PLAIN]),
                 "all pods of two sets are guarded, and none of the third", f"{agents}")
    compare(report, ended, pods, names)
    compare_times(report, ended, names)
    compare_cron(report, api)
    judge_logs(report, api, pods)


if __name__ == "__main__":
    main()
