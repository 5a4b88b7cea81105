"""sessions.py - a thousand exec sessions into one container; nothing of them stays."""

import os
import signal
import subprocess
import time

from contained import AGENT, Agent, end
from place import in_root, install
from world import IS_ROOT, SANITIZED, children, figure, report, skip, start, until

COUNT, AT_ONCE = 200 if SANITIZED else 1000, 20
LIBRARY = "LD_PRELOAD=/.farguard/libfarguard.so"
# A launcher with a shared ASan runtime insists on being the first library.
ENV = {"PATH": os.environ["PATH"], "FARGUARD_CONTAINER": "web", "ASAN_OPTIONS": "verify_asan_link_order=0"}


def of_namespace(one):
    """Pids of the PID namespace whose first process `one` is."""
    mine, found = os.readlink(f"/proc/{one}/ns/pid"), []
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and os.readlink(f"/proc/{name}/ns/pid") == mine:
                found.append(int(name))
        except OSError:
            pass
    return sorted(found)


def names():
    """The abstract sockets of this network namespace, but for what is being connected."""
    with open("/proc/net/unix", encoding="utf-8", errors="replace") as f:
        return sorted({line.split()[7] for line in f if "@farguard" in line})


def left(one):
    """All that a session could leave behind."""
    pids = of_namespace(one)
    fds = {pid: len(os.listdir(f"/proc/{pid}/fd")) for pid in pids}
    # Of what all the machine shares, what bears our name.
    files = {d: sorted(n for n in os.listdir(f"/proc/{one}/root/{d}") if d == ".farguard" or n.startswith("farguard-ring"))
             for d in ("dev/shm", "run", ".farguard")}
    return pids, fds, files, names()


def session(one, number):
    """Every tenth is cut off: its client has gone, and the runtime kills what it started."""
    what = "exec sleep 60" if number % 10 == 0 else f"(exit 3); exit {number % 256}"
    return number, start(["nsenter", "-t", str(one), "-m", "-p", "-r", "--", "env", LIBRARY, "sh", "-c", what], env=ENV, stdout=subprocess.DEVNULL)


def finish(number, process):
    """Its status; what is wrong with it, or None."""
    if number % 10 == 0:
        first = until(lambda: next(iter(children(process.pid)), None), 20)
        time.sleep(number % 70 / 1000)  # in whatever it does just then
        os.kill(first, signal.SIGKILL)
        process.wait(20)
        return None
    status = process.wait(60)
    return None if status == number % 256 else (number, status)


def settled(one):
    """What there is once the program, which has just been executed, has closed what its loader opened."""
    first = left(one)
    for _ in range(50):
        time.sleep(0.2)
        second = left(one)
        if first == second:
            break
        first = second
    return first


def thousand():
    agent = Agent()
    process = start(in_root(["/.farguard/farguard", "run", "--", "/bin/sleep", "600"]), env=ENV)
    agent.hello()
    one = until(lambda: next((p for p in children(process.pid) if os.path.realpath(f"/proc/{p}/exe").endswith("farguard")), None), 20)
    until(lambda: len(of_namespace(one)) == 3)
    before, wrong, running = settled(one), [], []
    began = time.monotonic()
    for number in range(COUNT):
        running.append(session(one, number))
        if len(running) == AT_ONCE:
            wrong.append(finish(*running.pop(0)))
    wrong += [finish(*it) for it in running]
    figure(f"{COUNT} exec sessions in {time.monotonic() - began:.1f} s, {AT_ONCE} at once")
    wrong = [w for w in wrong if w]
    report(not wrong, f"{COUNT} exec sessions, a tenth of them cut off: each has its status", wrong[:10])
    until(lambda: left(one) == before, 20)
    after = left(one)
    report(after == before, "no process, descriptor, socket or file of them stays", f"{before}\n{after}")
    end(process)
    report(until(lambda: not [n for n in names() if AGENT.strip("\0") not in n], 10), "nor, at the end, of the container", names())
    agent.close()


def everything():
    if not IS_ROOT:
        skip("a thousand exec sessions", "needs root")
        return
    install()
    thousand()
