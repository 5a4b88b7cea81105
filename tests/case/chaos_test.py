#!/usr/bin/python3
"""chaos_test.py - pods by hand, one after the other, while Farguard's processes in them are killed and stopped at random.

Each pod is a network namespace with an agent as a native sidecar has it and a program behind `farguard run`, each process 1
of its own PID namespace, without Kubernetes around.  Whatever is killed, the program's output and status are what they are
without, it ends when it does, and nothing is left.  What a kill can reach is what the kernel lets it: everything but a process 1.

CHAOS_PODS pods (32), CHAOS_PARALLEL (4) at a time; CHAOS_SEED repeats a run's choices, not its timing.
TAP on stdout.  FARGUARD_BUILD names the build directory, else FARGUARD_MODE the mode (release).
"""

import collections
import ctypes
import os
import random
import signal
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
for folder in ("agent", "launch"):
    sys.path.insert(0, os.path.join(HERE, folder))

import world  # pylint: disable=wrong-import-position
from chaos import CASES, Pod, Tools  # noqa: E402
from tap import end, report, skip  # noqa: E402

PR_SET_CHILD_SUBREAPER = 36


class Run:
    def __init__(self):
        self.seed = int(os.environ.get("CHAOS_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 31)
        self.wanted = int(os.environ.get("CHAOS_PODS", "32"))
        self.random = random.Random(self.seed)
        self.lock = threading.Lock()
        self.next, self.failed = 0, 0
        self.hits, self.late = collections.Counter(), []
        self.tools = Tools()
        self.expected = {case: self.tools.bare(case) for case in CASES}

    def take(self):
        with self.lock:
            if self.next >= self.wanted or self.failed >= 10:
                return None
            self.next += 1
            return self.next, sorted(CASES)[self.next % len(CASES)], random.Random(self.random.random())

    def work(self):
        while (job := self.take()) is not None:
            number, case, chance = job
            pod = Pod(self.tools, case, chance)
            faults = pod.live(self.expected[case])
            with self.lock:
                self.hits.update(h[1] for h in pod.hits)
                self.late.append(pod.late)
                if faults:
                    self.failed += 1
                    report(False, f"pod {number}, {case}: as without Farguard", "\n".join([*faults, *pod.explain()]))
                if number % 500 == 0:
                    world.figure(f"{number} of {self.wanted}, {dict(self.hits)}")


def left():
    """Children that nobody waited for: this process is their subreaper."""
    found = []
    end_at = time.monotonic() + 10
    while time.monotonic() < end_at:
        found = [p for p in world.children(os.getpid()) if not is_ours(p)]
        if not found:
            break
        for pid in found:
            os.waitpid(pid, os.WNOHANG)
        time.sleep(0.05)
    return found


def is_ours(pid):
    with open(f"/proc/{pid}/comm", encoding="ascii") as f:
        return f.read().startswith("python")


def main():
    if os.geteuid() != 0 or world.SANITIZED:
        skip("pods end as without Farguard, whatever is killed", "needs root, for network namespaces" if os.geteuid() else
             "with a sanitizer's runtime each start is slow; the launcher's test runs with them")
        sys.exit(end())
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    status = 1
    try:
        world.build()
        run = Run()
        world.figure(f"CHAOS_SEED={run.seed}")
        began = time.monotonic()
        workers = [threading.Thread(target=run.work) for _ in range(int(os.environ.get("CHAOS_PARALLEL", "4")))]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        seconds = time.monotonic() - began
        report(run.failed == 0, f"{run.next} pods end as without Farguard, whatever is killed", f"{run.failed} do not")
        world.figure(f"{run.next / seconds:.1f} pods a second; {dict(run.hits)}; the program's end was known after "
                     f"{sorted(run.late)[len(run.late) // 2] * 1000:.0f} ms (median), {max(run.late) * 1000:.0f} ms (most)")
        report({h.split()[0] for h in run.hits} >= {"agent", "worker"}, "agents and launchers' workers were hit", run.hits)
        still = left()
        report(not still, "no process is left of them", subprocess.run(
            ["ps", "-o", "pid,args", *map(str, still)], capture_output=True, text=True, check=False).stdout if still else "")
        status = end()
    finally:
        world.leave()
    sys.exit(status)


signal.signal(signal.SIGINT, signal.default_int_handler)
main()
