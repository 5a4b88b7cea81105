"""ending.py - when the agent leaves, and what its successor knows when it did not mean to."""

import os
import signal
import subprocess
import time

from pod import Agent, container, elapsed, gated, go, stop
from world import SANITIZED, children, report, until


def told():
    agent = Agent()
    container_ = container(["sleep", "60"])
    agent.covered()
    agent.send(signal.SIGTERM)
    time.sleep(1.5)
    alive = agent.process.poll() is None
    stop(container_)
    took = elapsed(agent.end)
    agent.left("told to end")
    report(alive and took < 1, "told to end, it waits for the covered containers and leaves within a second after the last", (alive, took))
    ends = [r["signal"] for r in agent.of("event", type="procexit") if "signal" in r]
    report(agent.records[-1]["reason"] == "terminated" and ends == [15], "their last words are in its log", (agent.raw[-2:], ends))
    agent = Agent()
    agent.send(signal.SIGTERM)
    took = elapsed(agent.end)
    agent.left("told to end alone")
    report(took < 1, "alone it leaves at once", took)


def policies():
    agent = Agent(policy="OnFailure")
    container(["sh", "-c", "exit 1"]).wait(60)
    until(lambda: agent.of("event", type="procexit"))
    time.sleep(1.5)
    alive = agent.process.poll() is None
    container(["true"]).wait(60)
    agent.left("OnFailure")
    report(alive and len(agent.of("coverage", covered=True)) == 2 and agent.records[-1]["reason"] == "containers-ended",
           "a container that failed comes back, one that did not ends a Job", agent.of("coverage"))
    agent = Agent("a main command x;b main command x;s sidecar command x", "Never")
    sidecar = container(["sleep", "60"], "s")
    container(["false"], "a").wait(60)
    time.sleep(1.5)
    alive = agent.process.poll() is None
    container(["true"], "b").wait(60)
    agent.left("Never")
    report(alive, "the agent of a Job waits for all main containers, and for no sidecar")
    stop(sidecar)


def killed(agent):
    return agent.of("hello", restarted="killed by signal 9")


def restarted():
    agent = Agent(restart=True)
    process = gated("/bin/echo while-dead; read y; /bin/echo after")
    agent.covered()
    until(lambda: agent.execs())
    before = len(agent.records)
    pid = agent.pid()
    os.kill(pid, signal.SIGKILL)
    process.stdin.write(b"\n")
    process.stdin.flush()
    until(lambda: ["/bin/echo", "while-dead"] in agent.execs())
    again = agent.covered(count=2)
    status = go(process)
    until(lambda: ["/bin/echo", "after"] in agent.execs())
    agent.stop("killed")
    report(again and status == 0 and len(killed(agent)) == 1, "an agent that is killed comes back and says so", agent.of("hello"))
    report(len(agent.records) > before and len(agent.raw) == len(set(agent.raw)), "no line is doubled")
    once = [agent.execs().count(["/bin/echo", word]) for word in ("while-dead", "after")]
    report(once == [1, 1], "what happened meanwhile waited in the ring", agent.execs())


def killed_under_load():
    agent = Agent(restart=True)
    process = container(["sh", "-c", "i=0; while [ $i -lt 4000 ]; do : >/dev/null; i=$((i+1)); done"])
    agent.covered()
    time.sleep(0.05)
    os.kill(agent.pid(), signal.SIGKILL)
    process.wait(60)
    time.sleep(0.5)
    agent.send(signal.SIGTERM)
    status = agent.end()
    seqs = [r["seq"] for r in agent.records]
    whole = not agent.broken and seqs == list(range(1, len(seqs) + 1))
    report(status == 0 and whole, "killed in the midst of writing: no line is torn, no number missing",
           (status, agent.broken, len(seqs), seqs[-1:]))


def forgets_nothing():
    agent = Agent("a main command x;b main command x", "Never", restart=True)
    second = container(["sleep", "60"], "b")
    container(["true"], "a").wait(60)
    until(lambda: agent.of("event", type="procexit", container="a"))
    time.sleep(0.5)
    os.kill(agent.pid(), signal.SIGKILL)
    agent.covered("b", 2)
    stop(second)
    agent.left("killed in a Job")
    report(agent.records[-1]["reason"] == "containers-ended" and len(killed(agent)) == 1,
           "a Job ends although its agent was killed after its first container's end", agent.raw[-3:])


def last_moment():
    """The agent is killed, and its container ends before there is another one."""
    agent = Agent("a main command x", "OnFailure", restart=True)
    process = gated("/bin/echo bye", name="a")
    agent.covered("a")
    os.kill(agent.pid(), signal.SIGKILL)
    status = go(process)
    took = elapsed(agent.process.wait)
    agent.left("killed at the last moment")
    # A sanitized agent may need longer to begin than a launcher waits for one.
    report(status == 0 and (SANITIZED or ["/bin/echo", "bye"] in agent.execs()) and agent.records[-1]["reason"] == "containers-ended" and (SANITIZED or took < 2.5),
           "what a container does while its agent is replaced is recorded, and its Job ends", (status, agent.execs(), took))


def ended_meanwhile():
    agent = Agent("a main command x", "Never", restart=True, options=("--coverage-seconds", "2"))
    process = container(["sleep", "60"], "a", stderr=subprocess.DEVNULL)
    agent.covered("a")
    time.sleep(0.3)
    for _ in range(3):  # so that its return takes longer than the container's end
        os.kill(agent.pid(), signal.SIGKILL)
        time.sleep(0.02)
        until(agent.pid)
    until(lambda: not children(agent.process.pid) or os.kill(agent.pid(), signal.SIGKILL))  # the next start is 800 ms away
    for launcher in children(process.pid):
        os.kill(launcher, signal.SIGKILL)
    process.wait(20)
    agent.left("killed with its container")
    report(agent.records[-1]["reason"] == "containers-ended", "a Job ends although nobody heard its last container's end", agent.raw[-3:])


def spool_once():
    first = Agent("db init command pg", "Never", reading=False)
    os.kill(first.pid(), signal.SIGKILL)
    first.end()
    container(["sh", "-c", "/bin/echo init"], "db", first.spool).wait(60)
    agent = Agent("db init command pg;web main command x", "Never", spool=first.spool, restart=True, options=("--coverage-seconds", "3"))
    until(lambda: agent.of("event", container="db", type="procexit"))
    time.sleep(0.3)
    os.kill(agent.pid(), signal.SIGKILL)
    until(lambda: killed(agent))
    until(lambda: agent.of("coverage", container="web", covered=False))
    container(["true"], "web").wait(60)
    agent.left("a spool twice")
    report(agent.execs().count(["/bin/echo", "init"]) == 1, "records that were left in a file are read once", agent.execs())
    report([r["covered"] for r in agent.of("coverage", container="db")] == [True], "and their container stays covered",
           agent.of("coverage", container="db"))


def everything():
    for part in (told, policies, restarted, killed_under_load, forgets_nothing, last_moment, ended_meanwhile, spool_once):
        part()
