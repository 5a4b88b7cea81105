"""surviving.py - an agent that is killed, stopped or stands still, and one that is told to end in such a state."""

import ctypes
import json
import os
import random
import signal
import subprocess
import threading
import time

from pod import AGENT, IDENTITY, Agent, container, gated, go, program, stop
from world import LIBC, WORK, figure, report, until

PTRACE_SEIZE, PTRACE_INTERRUPT = 0x4206, 0x4207
WALL = 0x40000000  # __WALL
KILLS = int(os.environ.get("FARGUARD_KILLS", "40"))
# Says its last words when it is told to end, a moment later.
LAST_WORDS = "trap 'sleep 1; /bin/echo \"last words\"; exit 0' TERM; /bin/echo up; while :; do sleep 0.05; done"


def hold(pid):
    """Have a process stand still so that its parent is not told; reaped in the background when it is killed."""
    LIBC.ptrace(PTRACE_SEIZE, pid, None, None)
    LIBC.ptrace(PTRACE_INTERRUPT, pid, None, None)
    until(lambda: "tracing stop" in status_of(pid))
    threading.Thread(target=reap, args=(pid,), daemon=True).start()


def status_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return next(line for line in f if line.startswith("State"))


def reap(pid):
    while True:
        try:
            status = os.waitpid(pid, WALL)[1]
        except ChildProcessError:
            return
        if not os.WIFSTOPPED(status):
            return


def goes_on(agent, process, name, why):
    back = until(lambda: agent.of("hello", restarted=why), 40)
    again = agent.covered(count=2)
    status = go(process)
    seen = until(lambda: ["/bin/echo", "after"] in agent.execs(), 20)
    agent.stop(name)
    report(back and again and seen and status == 0, f"{name}: it is replaced, says why, and hears of what goes on", (agent.of("hello"), agent.execs()))


def stopped():
    agent = Agent(restart=True)
    process = gated("/bin/echo after")
    agent.covered()
    os.kill(agent.pid(), signal.SIGSTOP)
    goes_on(agent, process, "an agent that is stopped", "stopped by signal 19")


def silent(agent):
    """Nobody reads its log any more, and there is enough for it to be full."""
    agent.reading = False
    flood = container(["sh", "-c", "i=0; while [ $i -lt 2500 ]; do : >/dev/null; i=$((i+1)); done"], "flood")
    flood.wait(60)


WAYS = {
    "undisturbed": lambda agent: None,
    "stopped": lambda agent: os.kill(agent.pid(), signal.SIGSTOP),
    "standing still": lambda agent: hold(agent.pid()),
    "killed": lambda agent: os.kill(agent.pid(), signal.SIGKILL),
    "with a log that nobody reads": silent,
}


def told():
    """As the kubelet does to a pod: all containers at once."""
    base = None
    for name, disturb in WAYS.items():
        agent = Agent(restart=True, reading=disturb is not silent)
        process = container(["sh", "-c", LAST_WORDS])
        if disturb is silent:
            time.sleep(0.5)
        else:
            agent.covered()
            until(lambda agent=agent: ["/bin/echo", "up"] in agent.execs())
        program(process)
        if name == "killed":
            agent.send(signal.SIGTERM)
            time.sleep(0.05)
        disturb(agent)
        agent.send(signal.SIGTERM)
        status = stop(process)
        began = time.monotonic()
        left = agent.process.wait(30)
        took = time.monotonic() - began
        base = took if base is None else base
        report(left == 0 and status == 0 and took < base + 1, f"told to end while {name}: the agent leaves within a second after the last container",
               (left, status, f"{took:.2f} s, undisturbed {base:.2f} s"))
        if disturb is silent:
            continue
        agent.judge(f"told to end while {name}")
        heard = [r["proc"]["args"] for r in agent.of("event", type="execve")]
        report(["/bin/echo", "last words"] in heard and agent.records[-1]["kind"] == "goodbye",
               f"told to end while {name}: what is said in the grace period stands before its goodbye", agent.raw[-4:])


def full_disk():
    """A log on a disk that is full for a while."""
    place = os.path.join(WORK, "small")
    os.makedirs(place, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k,nr_inodes=100", "none", place], check=True)
    try:
        path = os.path.join(place, "log")
        with open(path, "wb") as out, open(os.path.join(place, "filler"), "wb") as filler:
            agent = Agent(reading=False, stdout=out)
            until(lambda: os.path.getsize(path))
            filler.write(b"x" * 262144)
            try:
                filler.flush()
            except OSError:
                pass
            process = container(["sh", "-c", "i=0; while [ $i -lt 300 ]; do : >/dev/null; i=$((i+1)); done; sleep 60"])
            program(process)
            time.sleep(1.5)
            full, alive = os.path.getsize(path), agent.process.poll() is None
            os.ftruncate(filler.fileno(), 0)
            os.remove(filler.name)
            grown = until(lambda: os.path.getsize(path) > full, 10)
            stop(process)
            agent.send(signal.SIGTERM)
            status = agent.process.wait(20)
        with open(path, "rb") as log:
            agent.read(log)
        agent.judge("a log on a disk that was full")
        report(alive and grown and status == 0, "a disk that is full is waited for", (full, grown, status))
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def again_and_again():
    """Killed at moments that nobody chose, while it writes as fast as it can."""
    memory = os.memfd_create("state")
    os.ftruncate(memory, 135168)
    ends, log = os.pipe2(os.O_NONBLOCK), os.pipe()
    env = {"PATH": os.environ["PATH"], **IDENTITY, "FARGUARD_CONTAINERS": "web main command nginx:1", "FARGUARD_EVENTS": "process,file",
           "FARGUARD_STATE_FD": f"{memory},{ends[0]},{ends[1]}"}
    lines, dice = [], random.Random(7)

    def read():
        with open(log[0], "rb") as f:
            lines.extend(f)

    reader = threading.Thread(target=read)
    reader.start()
    process = container(["sh", "-c", f"while :; do : >{WORK}/x; /bin/true {'long' * 1500}; done"])
    for i in range(KILLS + 1):
        with subprocess.Popen([AGENT, "--spool", WORK], env=env, stdout=log[1], pass_fds=(memory, *ends)) as agent:
            time.sleep(dice.choice((0.01, 0.1, 0.3)) * dice.random() if i < KILLS else 1)
            if i == KILLS:
                stop(process)
                agent.send_signal(signal.SIGTERM)
            else:
                agent.kill()
    for fd in (log[1], memory, *ends):
        os.close(fd)
    reader.join(20)
    broken, seqs = [], []
    for line in lines:
        try:
            seqs.append(json.loads(line)["seq"])
        except ValueError:
            broken.append(line[:200])
    gaps = [(a, b) for a, b in zip(seqs, seqs[1:]) if b != a + 1]
    figure(f"{KILLS} kills of the agent: {len(seqs)} lines, the longest of {max(map(len, lines))} bytes")
    report(not broken and not gaps and len(seqs) > KILLS and seqs[0] == 1, "killed again and again while it writes: no line is torn, no number missing",
           (broken[:3], gaps[:5], len(seqs)))


def stands_still():
    agent = Agent(restart=True)
    process = gated("/bin/echo after")
    agent.covered()
    hold(agent.pid())
    return lambda: goes_on(agent, process, "an agent that stands still", "killed because it stood still")


def everything():
    LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    for part in (stopped, told, full_disk, again_and_again):
        part()
    stands_still()()
