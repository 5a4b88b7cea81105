"""chaos_killer.py - ends and stops Farguard's processes in guarded pods, and restarts the kubelet, at random moments.

Why      What can happen to them from inside a pod or by its limits: any of them can be killed but a container's first
         process, which the kernel keeps from that (pid_namespaces(7)).
What "as unguarded" means, for each that is hit:
  agent        the agent's worker: nothing of the pod may differ but what its log has
  stop         the same, stopped, and continued up to three seconds later, or never
  worker       a launcher's worker, where it has one: nothing may differ
  agent-first  the first process of the agent's container, which only a node can kill: its container is then gone, as if
               a sidecar were killed.  It is a native sidecar, so that the pod's end and a Job's are the application's all the
               same; until the kubelet has started it again, the pod is not ready, and what it had counted is lost.  A pod
               that is being deleted is then Failed, as with any container of its that ends with another status than 0.
  kubelet      both twins' kubelet: see chaos_judge.py
"""
import os
import random
import re
import signal
import subprocess
import threading
import time

POD_UID = re.compile(r"/pod([0-9a-f-]{36})/([0-9a-f]{64})")
WEIGHTS = {"agent": 10, "stop": 3, "worker": 8, "worker-stop": 2, "agent-first": 1}


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def role_of(pid):
    """What a process of Farguard's is, or None."""
    comm = read(f"/proc/{pid}/comm").strip()
    if not comm.startswith(b"farguard"):
        return None
    args = read(f"/proc/{pid}/cmdline").split(b"\0")
    first = re.search(rb"^NSpid:.*\t1$", read(f"/proc/{pid}/status"), re.M)
    if comm == b"farguard-agent":
        return None if first else "agent"
    if b"--restart" in args[:4]:
        return "agent-first" if first else None
    if b"worker" in comm:
        return "worker"
    return None


class Killer(threading.Thread):
    """Owns the list of what was done: (when, what, uid, detail)."""

    def __init__(self, seed, watch, cluster, every):
        super().__init__(daemon=True)
        self.random = random.Random(seed)
        self.watch, self.cluster, self.every = watch, cluster, every
        self.done, self.stopped, self.restarts = [], [], []
        self.known = {}
        self.ending = threading.Event()
        self.ended, self.kubelet_due = 0, self.random.randrange(5, 15)  # pods

    def victims(self):
        """role -> [(pid, uid)] in the guarded pods."""
        with self.watch.changed:
            uids = {u for u, s in self.watch.pods.items() if s.gone is None}
        found, now = {}, {}
        for entry in os.listdir("/proc"):
            if not entry.isdigit():
                continue
            born = read(f"/proc/{entry}/stat").rsplit(b")", 1)[-1].split()[19:20]
            was = self.known.get(entry)
            if was and was[0] == born and was[1] != "young":
                now[entry] = was
            else:
                # Between fork and exec it is still what forked it.
                comm = read(f"/proc/{entry}/comm")
                role = role_of(entry)
                where = POD_UID.search(read(f"/proc/{entry}/cgroup").decode()) if role else None
                settled = role or not comm.startswith((b"farguard", b"runc"))
                now[entry] = (born, role if settled else "young", where.group(1) if where else None)
            _, role, uid = now[entry]
            if role and uid in uids:
                found.setdefault(role, []).append((int(entry), uid))
        self.known = now
        return found

    def hit(self, kind, pid, uid, number):
        role = {"stop": "agent", "worker-stop": "worker"}.get(kind, kind)
        try:
            handle = os.pidfd_open(pid)
        except OSError:
            return
        try:
            # The number may be another's by now; the handle is what is looked at here.
            if role_of(pid) == role and uid.encode() in read(f"/proc/{pid}/cgroup"):
                signal.pidfd_send_signal(handle, number)
                self.note(kind, uid, f"pid {pid} by {signal.Signals(number).name}")
                if number == signal.SIGSTOP and self.random.random() < 0.7:
                    self.stopped.append((time.monotonic() + self.random.uniform(0.05, 3), os.dup(handle)))
        except OSError:
            pass
        finally:
            os.close(handle)

    def note(self, kind, uid, detail):
        self.done.append((time.monotonic(), kind, uid, detail))

    def go_on(self, all_of_them=False):
        now = time.monotonic()
        for due, handle in [s for s in self.stopped if all_of_them or s[0] <= now]:
            self.stopped.remove((due, handle))
            try:
                signal.pidfd_send_signal(handle, signal.SIGCONT)
            except OSError:
                pass
            os.close(handle)

    def restart_kubelet(self):
        how = self.random.choice(["TERM", "TERM", "KILL"])
        began = time.monotonic()
        result = subprocess.run([self.cluster, "restart", "kubelet", how], capture_output=True, text=True, check=False)
        self.restarts.append((began, time.monotonic()))
        self.note("kubelet", None, f"by SIG{how}, {'up again' if result.returncode == 0 else result.stderr.strip()} "
                                   f"after {time.monotonic() - began:.1f} s")
        # By pods, not by time: on a slow machine each would live through several.
        self.kubelet_due = self.ended + self.random.randrange(60, 140)

    def run(self):
        while not self.ending.wait(self.random.uniform(0.02, 2 * self.every)):
            self.go_on()
            if self.ended >= self.kubelet_due:
                self.restart_kubelet()
            there = self.victims()
            kinds = [k for k in WEIGHTS if {"stop": "agent", "worker-stop": "worker"}.get(k, k) in there]
            if not kinds:
                continue
            kind = self.random.choices(kinds, [WEIGHTS[k] for k in kinds])[0]
            if kind == "agent-first" and self.random.random() < 0.7:  # often there is nothing else
                continue
            pid, uid = self.random.choice(sorted(there[{"stop": "agent", "worker-stop": "worker"}.get(kind, kind)]))
            self.hit(kind, pid, uid, signal.SIGSTOP if "stop" in kind else signal.SIGKILL)
        self.go_on(True)

    def end(self):
        self.ending.set()
        self.join()

    def of(self, uid):
        return [d for d in self.done if d[2] == uid]

    def kubelet_between(self, begin, end):
        return [r for r in self.restarts if r[1] >= begin and r[0] <= end]
