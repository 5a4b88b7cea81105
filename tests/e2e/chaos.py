#!/usr/bin/env python3
"""chaos.py PORT CLUSTER_DIR CGROUP INIT CLUSTER.SH - twins, bare and guarded, while Farguard's processes are killed.

CHAOS_PODS (3000) guarded pods are started, each with a bare twin, CHAOS_PARALLEL (10) twins at a time; CHAOS_SEED repeats a
run's choices, not its timing.  PORT: `kubectl proxy` on loopback; INIT: the cluster's first process.  "ok - ..." or
"not ok - ..." for each thing; what explains a difference stands behind #.
"""
import collections
import json
import os
import random
import shutil
import sys
import tempfile
import time

import chaos_cases
import chaos_judge
import chaos_left
from chaos_api import Api, Watch, is_ready, listed_in
from chaos_killer import Killer

BARE, GUARDED = "e2e-chaos-bare", "e2e-chaos-guarded"
# A guarded pod has two containers more to start and one to end: where the bare twin takes long, so does that.
LATE_S = 45
LATE_TIMES = 4
STUCK_S = 900
FAILURES_MAX = 20


class Twins:
    """A case's two workloads, from their creation until both are gone."""

    def __init__(self, run, number, case):
        self.run, self.case = run, case
        self.key = f"t{number:04}-{case}"
        self.began = time.monotonic()
        self.is_job = case.startswith("job")
        self.due = self.began + run.random.uniform(0, 3) if case == "fleeting" else None
        self.is_deleted = self.first_settled = self.asked = None
        namespaces = [BARE, GUARDED]
        run.random.shuffle(namespaces)
        for namespace in namespaces:
            status, answer = run.api.request("POST", self.path(namespace, ""), chaos_cases.make(case, self.key, namespace))
            if status not in (201, 409):  # 409: sent twice, as its answer was lost
                raise SystemExit(f"not ok - {self.key} is accepted in {namespace}\n#   {answer}")

    def path(self, namespace, name):
        group = "/apis/batch/v1" if self.is_job else "/api/v1"
        return f"{group}/namespaces/{namespace}/{'jobs' if self.is_job else 'pods'}/{name}".rstrip("/")

    def pods(self, namespace):
        return self.run.watch[namespace].of(self.key)

    def job(self, namespace):
        status = self.run.api.get(self.path(namespace, self.key)).get("status", {})
        return {"succeeded": status.get("succeeded", 0), "failed": status.get("failed", 0), "conditions": sorted(
            (c["type"], c.get("reason", "")) for c in status.get("conditions", []) if c["status"] == "True")}

    def is_served(self):
        return self.case.endswith("served") or self.case == "fleeting"

    def serve(self):
        """Delete both at once, a moment after both are ready."""
        pods = self.pods(BARE) + self.pods(GUARDED)
        if self.due is None and len(pods) == 2 and all(is_ready(s.pod) for s in pods):
            self.due = time.monotonic() + self.run.random.uniform(0.2, 3)
        if self.due is not None and not self.is_deleted and time.monotonic() >= self.due:
            self.delete()

    def delete(self):
        self.is_deleted, self.asked = True, time.time()
        for namespace in (BARE, GUARDED):
            self.run.api.request("DELETE", self.path(namespace, self.key) + "?propagationPolicy=Background")

    def settled(self, namespace):
        pods = self.pods(namespace)
        if len(pods) < chaos_cases.starts(self.case):
            return False
        if self.is_served():
            return all(s.gone for s in pods)
        if not all(s.settled for s in pods):
            return False
        return not self.is_job or any(c[0] in ("Complete", "Failed") for c in self.job(namespace)["conditions"])

    def step(self):
        """Whether both have ended, or one of them is not going to."""
        for namespace in (BARE, GUARDED):
            for seen in self.pods(namespace):
                self.run.watch[namespace].keep_logs(seen)
        if self.is_served():
            self.serve()
        states = [self.settled(n) for n in (BARE, GUARDED)]
        now = time.monotonic()
        if any(states) and self.first_settled is None:
            self.first_settled = now
        patience = LATE_S + LATE_TIMES * ((self.first_settled or now) - self.began)
        return all(states) or now - (self.first_settled or now) > patience or now - self.began > STUCK_S

    def faults(self):
        """What differs, and what is wrong in the agent's log."""
        bare, guarded = self.pods(BARE), self.pods(GUARDED)
        loose = bool(self.run.killer.kubelet_between(self.began, time.monotonic()))
        if loose and any(chaos_judge.spoiled(s) for s in bare + guarded):
            self.run.spoiled += 1
            return
        for namespace in (BARE, GUARDED):
            if not self.settled(namespace):
                yield f"{namespace}: did not end in {time.monotonic() - self.began:.0f} s"
        if len(bare) != len(guarded):
            yield f"{len(bare)} and {len(guarded)} pods"
        for b, g in zip(bare, guarded):
            yield from self.pod_faults(b, g, loose)
        if self.is_job and self.job(BARE) != self.job(GUARDED):
            yield f"Job: bare {self.job(BARE)}, guarded {self.job(GUARDED)}"

    def pod_faults(self, bare, guarded, loose):
        hits = self.run.killer.of(guarded.uid)
        lost = any(h[1] == "agent-first" for h in hits)
        if self.case != "fleeting":  # what came of it depends on when it was deleted
            a = chaos_judge.outcome(self.run.watch[BARE], bare, loose)
            b = chaos_judge.outcome(self.run.watch[GUARDED], guarded, loose)
            for what in sorted(set(a) | set(b)):
                if a.get(what) != b.get(what) and not (what == "phase" and lost and self.is_served()):
                    yield f"{what}: bare {a.get(what)}, guarded {b.get(what)}"
        if self.is_served() and guarded.unready and not bare.unready and not loose and not lost:
            yield "was ready, and then was not"
        if self.case != "fleeting":
            yield from chaos_judge.own_containers(guarded, hits, loose)
        whole = not hits and not loose and not self.is_served() and guarded.settled
        yield from chaos_judge.log_faults(self.run.watch[GUARDED], guarded, hits, whole)
        took = [chaos_judge.time_to_end(s, self.asked) for s in (bare, guarded)]
        if self.is_served() and self.case != "fleeting" and None not in took and not loose:
            self.run.took.append(took)
            grace = guarded.pod["spec"]["terminationGracePeriodSeconds"]
            if took[1] >= grace > took[0] and chaos_judge.held(self.run.folder, guarded):
                self.run.spoiled += 1
            elif took[1] >= grace > took[0]:
                yield f"its containers took {took[1]:.0f} s to end of a grace of {grace}, bare {took[0]:.0f} s"

    def explain(self):
        """All that is known of the two."""
        for namespace in (BARE, GUARDED):
            yield f"-- {self.path(namespace, self.key)}"
            for s in self.pods(namespace):
                yield "spec " + json.dumps(s.pod["spec"])
                yield "status " + json.dumps(s.pod["status"])
                for when, phase, brief in s.history:
                    yield f"at {when - self.began:7.2f} s {phase} {brief}"
                yield f"deleted {s.deleted and s.deleted - self.began} gone {s.gone and s.gone - self.began}"
                for container in listed_in(os.path.join(self.run.keep, s.uid)):
                    for i, lines in enumerate(self.run.watch[namespace].log(s, container)):
                        for stream, said in lines.items():
                            yield from (f"{container} run {i} {stream}: {line[:600]}" for line in said[-40:])
            events = self.run.api.get(f"/api/v1/namespaces/{namespace}/events").get("items", [])
            for e in events:
                if e["involvedObject"].get("name", "").startswith(self.key):
                    yield f"event {e.get('lastTimestamp')} {e.get('count')} {e['reason']}: {e['message'][:300]}"
        uids = {s.uid for s in self.pods(GUARDED)} | {None}
        for when, kind, uid, detail in self.run.killer.done:
            if uid in uids and when >= self.began:
                yield f"at {when - self.began:7.2f} s {kind} {detail}"


class Run:
    def __init__(self, port, folder, cgroup, init, cluster):
        self.wanted = int(os.environ.get("CHAOS_PODS", "3000"))
        self.parallel = int(os.environ.get("CHAOS_PARALLEL", "10"))
        self.seed = int(os.environ.get("CHAOS_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 31)
        self.random = random.Random(self.seed)
        self.api, self.folder = Api(port), folder
        self.left = lambda: chaos_left.look(folder, init, cgroup)
        self.processes = lambda: chaos_left.processes(init)
        self.keep = tempfile.mkdtemp(prefix="chaos.", dir=folder)
        self.before = self.left()
        self.watch = {n: Watch(self.api, n, f"{folder}/hidden/log/pods", self.keep) for n in (BARE, GUARDED)}
        self.killer = Killer(self.seed, self.watch[GUARDED], cluster, float(os.environ.get("CHAOS_EVERY", "0.3")))
        self.took, self.failed, self.ended, self.spoiled = [], 0, 0, 0
        self.memory = self.first_memory = 0

    def cases(self):
        """Each case in turn, in an order of its own each time, until there are enough pods."""
        made = number = 0
        while made < self.wanted:
            order = sorted(chaos_cases.CASES)
            self.random.shuffle(order)
            for case in order:
                number += 1
                made += chaos_cases.starts(case)
                yield number, case
                if made >= self.wanted:
                    return

    def judge(self, twins):
        faults = list(twins.faults())
        if faults:
            self.failed += 1
            print(f"not ok - {twins.key}: a guarded pod differs from its twin")
            for line in [*faults, *twins.explain()]:
                print("#  ", line)
        self.ended += len(twins.pods(GUARDED))
        self.killer.ended = self.ended
        if not twins.is_deleted:
            twins.delete()

    def progress(self, began):
        kinds = collections.Counter(d[1] for d in self.killer.done)
        seconds = time.monotonic() - began
        print(f"# {self.ended} of {self.wanted} guarded pods and their twins, {2 * self.ended / seconds:.1f} pods a second, "
              f"{self.failed} differ, {self.spoiled} spoiled; hit: {', '.join(f'{k} {n}' for k, n in sorted(kinds.items())) or 'none'}; "
              f"webhook {max(chaos_left.memory(self.processes(), 'farguard-webhook'), default=0)} KiB ({seconds:.0f} s)")

    def go(self):
        began = told = time.monotonic()
        cases, active, leaving = self.cases(), [], []
        more = True
        while more or active:
            while more and len(active) < self.parallel and self.failed < FAILURES_MAX:
                number, case = next(cases, (None, None))
                more = case is not None
                if more:
                    active.append(Twins(self, number, case))
            more = more and self.failed < FAILURES_MAX
            for twins in [t for t in active if t.step()]:
                self.judge(twins)
                active.remove(twins)
                leaving.append(twins)
            leaving = [t for t in leaving if not self.let_go(t)]
            if self.ended >= self.wanted / 3 and not self.first_memory:
                self.first_memory = max(chaos_left.memory(self.processes(), "farguard-webhook"), default=0)
            if time.monotonic() - told >= 20:
                told = time.monotonic()
                self.progress(began)
            time.sleep(0.1)
        self.killer.end()
        self.progress(began)
        return leaving

    def let_go(self, twins):
        """Forget what is gone on both sides."""
        if not all(s.gone for n in (BARE, GUARDED) for s in twins.pods(n)):
            return False
        for namespace in (BARE, GUARDED):
            for seen in twins.pods(namespace):
                remove(os.path.join(self.keep, seen.uid))
            self.watch[namespace].forget(twins.key)
        return True

    def end(self, leaving):
        until = time.monotonic() + 120
        while leaving and time.monotonic() < until:
            leaving = [t for t in leaving if not self.let_go(t)]
            time.sleep(0.5)
        check(not leaving, "every pod goes when it is deleted", *[t.key for t in leaving])
        # The kubelet collects what is dead once a minute.
        left = chaos_left.difference(self.before, self.left())
        until = time.monotonic() + 150
        remove(self.keep)
        while left and time.monotonic() < until:
            time.sleep(1)
            left = chaos_left.difference(self.before, self.left())
        check(not left, f"nothing is left of them: {', '.join(self.before)}", *left[:40])
        last = max(chaos_left.memory(self.processes(), "farguard-webhook"), default=0)
        check(last <= self.first_memory * 1.1 + 512,
              f"the webhook's memory was {self.first_memory} KiB after a third, and is {last} KiB")


def remove(folder):
    """With all that is in it; a watch may still be putting something there."""
    for _ in range(10):
        shutil.rmtree(folder, ignore_errors=True)
        if not os.path.exists(folder):
            return
        time.sleep(0.1)
    shutil.rmtree(folder)


def check(condition, name, *details):
    print("ok" if condition else "not ok", "-", name)
    for detail in details if not condition else ():
        print("#  ", detail)


def main():
    sys.stdout.reconfigure(line_buffering=True)
    port, folder, cgroup, init, cluster = sys.argv[1:6]
    run = Run(int(port), folder, cgroup, int(init), cluster)
    print(f"# CHAOS_SEED={run.seed} CHAOS_PODS={run.wanted} CHAOS_PARALLEL={run.parallel}")
    run.killer.start()
    try:
        leaving = run.go()
        kinds = collections.Counter(d[1] for d in run.killer.done)
        check(run.failed == 0 and run.ended >= run.wanted, f"chaos: {run.ended} guarded pods were as their twins, through "
              f"{sum(kinds.values())} kills, stops and restarts of the kubelet", f"{run.failed} twins differ")
        if run.took:
            bare, guarded = (sorted(t[i] for t in run.took) for i in (0, 1))
            print(f"# deleted pods had ended after {bare[len(bare) // 2]:.0f} s bare, {guarded[len(guarded) // 2]:.0f} s guarded "
                  f"(median of {len(bare)}), {bare[-1]:.0f} and {guarded[-1]:.0f} s at most")
        run.end(leaving)
    finally:
        run.killer.ending.set()
        remove(run.keep)


if __name__ == "__main__":
    main()
