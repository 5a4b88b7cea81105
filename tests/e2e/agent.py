#!/usr/bin/env python3
"""agent.py PORT GUARDED BARE - what is done to the agents of real pods, while their readiness and their Service are watched.

PORT is a `kubectl proxy`; GUARDED and BARE are namespaces.  Needs to see the pods' processes: this machine's own cluster.
Prints one "ok - ..." or "not ok - ..." line for each thing compared, with details behind #.
"""
import ctypes
import json
import os
import pathlib
import signal
import sys
import threading
import time
import urllib.error

import jobspecs
from jobs import Api, conditions, create, is_over, name_of
from report import Report

LIBC = ctypes.CDLL(None, use_errno=True)
PTRACE_SEIZE, PTRACE_INTERRUPT, WALL = 0x4206, 0x4207, 0x40000000
# Runs a thousand programs when it is asked to; says its last words in the grace period.
SERVE = ("trap 'i=0; while [ $i -lt 1000 ]; do /bin/true flood; i=$((i+1)); done' USR1; "
         "trap 'sleep 1; /bin/echo last; exit 0' TERM; while :; do sleep 0.1; done")
STATES = ("killed", "stopped", "still", "starved", "throttled")


def pod(name, labels=None):
    hook = {"preStop": {"exec": {"command": ["/bin/sh", "-c", "/bin/echo hook"]}}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels or {}},
            "spec": jobspecs.spec(jobspecs.container(SERVE, lifecycle=hook), restart="Always")}


def processes(uid):
    """Of a pod's agent: (pid, arguments) of each, its launcher first."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            arguments = (entry / "cmdline").read_bytes().split(b"\0")
            if any(a.endswith(b"/farguard-agent") for a in arguments) and uid in (entry / "cgroup").read_text().replace("_", "-"):
                found.append((int(entry.name), arguments))
        except OSError:
            pass
    return sorted(found, key=lambda f: f[1][0].endswith(b"agent"))


def until(check, seconds=30):
    end = time.monotonic() + seconds
    while not check() and time.monotonic() < end:
        time.sleep(0.05)
    return check()


class Guarded:
    """A guarded pod, seen from outside."""

    def __init__(self, api, namespace, name):
        self.api, self.path = api, f"/api/v1/namespaces/{namespace}/pods/{name}"
        self.name, self.uid = name, self.get()["metadata"]["uid"]

    def get(self):
        try:
            return json.loads(self.api.call(self.path))
        except urllib.error.HTTPError:
            return None

    def launcher(self):
        return next((p for p, a in processes(self.uid) if a[0].endswith(b"/farguard")), None)

    def worker(self):
        return next((p for p, a in processes(self.uid) if a[0].endswith(b"/farguard-agent")), None)

    def another(self, old):
        return until(lambda: self.worker() not in (None, old))

    def log(self):
        return [json.loads(line) for line in self.api.call(self.path + "/log?container=farguard-agent").decode().splitlines()]

    def restarts(self):
        return [r["restarted"] for r in self.log() if r["kind"] == "hello" and "restarted" in r]

    def group(self, controller):
        """The control group of the agent's container."""
        for line in pathlib.Path(f"/proc/{self.launcher()}/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controller in controllers.split(","):
                return pathlib.Path("/sys/fs/cgroup", controller) / path.lstrip("/")
        return None


def hold(pid):
    """It stands still, and its parent is not told."""
    LIBC.ptrace(PTRACE_SEIZE, pid, None, None)
    LIBC.ptrace(PTRACE_INTERRUPT, pid, None, None)

    def reap():
        try:
            while os.WIFSTOPPED(os.waitpid(pid, WALL)[1]):
                pass
        except ChildProcessError:
            pass
    threading.Thread(target=reap, daemon=True).start()


def starve(target):
    """What it starts has too little memory: the OOM killer ends it."""
    group = target.group("memory")
    os.kill(target.worker(), signal.SIGKILL)
    used = int((group / "memory.usage_in_bytes").read_text())
    for more in range(1 << 17, 1 << 20, 1 << 16):  # the first process can fork, as ever
        try:
            (group / "memory.limit_in_bytes").write_text(str(used + more))
            return
        except OSError:
            pass


def disturb(target, how):
    worker = target.worker()
    if how == "killed":
        os.kill(worker, signal.SIGKILL)
    elif how == "stopped":
        os.kill(worker, signal.SIGSTOP)
    elif how == "still":
        hold(worker)
    elif how == "starved" and target.group("memory"):
        starve(target)
    elif how == "throttled" and target.group("cpu"):
        (target.group("cpu") / "cpu.cfs_quota_us").write_text("1000")  # the least that there is


class Watch(threading.Thread):
    """Everything that a Service and a user see of the pods, ten times a second."""

    def __init__(self, api, namespace):
        super().__init__(daemon=True)
        self.api, self.namespace, self.over, self.seen, self.looks = api, namespace, False, {}, 0

    def run(self):
        while not self.over:
            slices = self.api.items(self.namespace, "endpointslices", "/apis/discovery.k8s.io/v1")
            ready = sum(bool(e["conditions"].get("ready")) for s in slices for e in s.get("endpoints") or [])
            for one in self.api.pods(self.namespace):
                if name_of(one) != "service":
                    continue
                state = one["status"]
                seen = (ready, next((c["status"] for c in state["conditions"] if c["type"] == "Ready"), None),
                        tuple(s["restartCount"] for s in state["containerStatuses"]))
                self.seen.setdefault(seen, time.monotonic())
            self.looks += 1
            time.sleep(0.1)


def service(api, namespace, report):
    """One pod behind a Service: nothing that happens to its agent takes it out."""
    one = Guarded(api, namespace, "service")
    slices = lambda: [e for s in api.items(namespace, "endpointslices", "/apis/discovery.k8s.io/v1")  # noqa: E731
                      for e in s.get("endpoints") or [] if e["conditions"].get("ready")]
    report.check(bool(until(lambda: one.worker() and slices())), "agent: a pod is ready behind its Service")
    watch = Watch(api, namespace)
    watch.start()
    for how, why in (("killed", "killed by signal 9"), ("stopped", "stopped by signal 19"), ("still", "killed because it stood still")):
        old = one.worker()
        disturb(one, how)
        report.check(one.another(old) and until(lambda why=why: why in one.restarts()), f"agent: one that is {how} is replaced, and says so",
                     f"worker {old}, now {one.worker()}, said {one.restarts()}")
    if one.group("memory"):
        limit = (one.group("memory") / "memory.limit_in_bytes").read_text()
        killed = one.restarts()
        starve(one)
        time.sleep(2)
        (one.group("memory") / "memory.limit_in_bytes").write_text(limit)
        report.check(until(lambda: len(one.restarts()) > len(killed)), "agent: one that the OOM killer ends comes back", f"{one.restarts()}")
    blocked(one, report)
    seqs = [r["seq"] for r in one.log()]
    report.check(seqs == list(range(1, len(seqs) + 1)), "agent: after all of it no number is missing", f"{[s for a, s in zip(seqs, seqs[1:]) if s != a + 1][:5]}")
    watch.over = True
    watch.join()
    report.check(len(watch.seen) == 1 and watch.looks > 20, f"agent: in {watch.looks} looks the pod was ready, in its Service, and nothing was restarted", f"{watch.seen}")


def blocked(one, report):
    """Nobody reads the agent's log: what carries it to its file is stopped."""
    stat = pathlib.Path(f"/proc/{one.launcher()}/stat").read_text()
    shim = int(stat.rsplit(")", 1)[1].split()[1])
    if "shim" not in pathlib.Path(f"/proc/{shim}/comm").read_text():
        print(f"# what carries the log is no shim: {shim}")
        return
    main = next(int(p.name) for p in pathlib.Path("/proc").iterdir() if p.name.isdigit() and is_main(p, one.uid))
    before = len(one.log())
    os.kill(shim, signal.SIGSTOP)
    try:
        os.kill(main, signal.SIGUSR1)
        time.sleep(4)
        alive = one.worker()
    finally:
        os.kill(shim, signal.SIGCONT)
    grown = until(lambda: len([r for r in one.log() if r["kind"] == "event" and r["proc"]["args"][-1:] == ["flood"]]) > 100, 60)
    report.check(alive and grown, "agent: one whose log nobody read goes on when somebody does", f"worker {alive}, {before} lines, then {len(one.log())}")


def is_main(entry, uid):
    try:
        return (entry / "cmdline").read_bytes().startswith(b"/bin/sh\0-c\0trap 'i=0") and uid in (entry / "cgroup").read_text().replace("_", "-")
    except OSError:
        return False


def follow(one, into):
    """The log is gone with its pod."""
    def read():
        try:
            into.extend(one.api.call(one.path + "/log?container=farguard-agent&follow=true").splitlines())
        except OSError as e:
            into.append(str(e).encode())
    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread


def gone_after(api, namespace, name):
    path = f"/api/v1/namespaces/{namespace}/pods/{name}"
    began = time.monotonic()
    api.call(path, method="DELETE")
    while True:
        try:
            api.call(path)
        except urllib.error.HTTPError:
            return time.monotonic() - began
        time.sleep(0.05)


def endings(api, guarded, bare, report):
    """Pods that are deleted while their agent is in a state of its own."""
    for namespace in (guarded, bare):
        until(lambda namespace=namespace: all(p["status"].get("phase") == "Running" for p in api.pods(namespace)), 60)
    plain = gone_after(api, bare, "undisturbed")
    for how in ("undisturbed", *STATES):
        one, lines = Guarded(api, guarded, how), []
        until(one.worker)
        thread = follow(one, lines)
        time.sleep(0.3)
        disturb(one, how)
        took = gone_after(api, guarded, how)
        # The kubelet looks once a second.
        report.check(took - plain < 2.5, f"agent: a pod whose agent is {how} is gone no later than a bare one", f"{took:.1f} s, bare {plain:.1f} s")
        thread.join(10)
        if how in ("starved",):
            continue
        said = [r["proc"]["args"][-1] for r in map(json.loads, lines) if r["kind"] == "event" and r["type"] == "execve"]
        report.check({"hook", "last"} <= set(said) and json.loads(lines[-1])["kind"] == "goodbye",
                     f"agent: what its hook and its handler run while the agent is {how} is in the log", f"said {said[-6:]}", f"last {lines[-1:]}")


def killed_whole(api, namespace, report):
    """As the OOM killer does where it ends a container as one: the first process too."""
    create(api, namespace, [jobspecs.job("whole", jobspecs.spec("sleep 5; /bin/echo done"))])
    jobs = lambda: [j for j in api.items(namespace, "jobs") if name_of(j) == "whole"]  # noqa: E731
    pods = lambda: [p for p in api.pods(namespace) if p["metadata"]["labels"].get("case") == "whole"]  # noqa: E731
    until(lambda: pods() and any("running" in s.get("state", {}) for s in pods()[0]["status"].get("containerStatuses", [])))
    one = Guarded(api, namespace, name_of(pods()[0]))
    os.kill(one.launcher(), signal.SIGKILL)
    until(lambda: is_over(jobs()[0]), 40)
    agent = next(s for s in one.get()["status"]["initContainerStatuses"] if s["name"] == "farguard-agent")
    report.check("Complete" in conditions(jobs()[0]) and agent["restartCount"] == 1, "agent: a Job succeeds whose agent's container is killed as a whole",
                 f"{conditions(jobs()[0])}", f"{agent}")


def main():
    LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    api, guarded, bare, report = Api(sys.argv[1]), sys.argv[2], sys.argv[3], Report()
    create(api, bare, [pod("undisturbed")])
    create(api, guarded, [pod("service", {"app": "service"}), *map(pod, ("undisturbed", *STATES))])
    api.call(f"/api/v1/namespaces/{guarded}/services", {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "service"}, "spec": {
        "selector": {"app": "service"}, "ports": [{"port": 80}]}})
    service(api, guarded, report)
    endings(api, guarded, bare, report)
    killed_whole(api, guarded, report)


if __name__ == "__main__":
    main()
