"""seen.py - what the agent says of containers, their programs, files and connections."""

import os
import signal
import sys
import time

from place import in_root
from pod import Agent, container, gated, go, stop
from world import SANITIZED, WORK, children, figure, report, run, start, until

# The interpreter itself: what PATH calls python3 can be a script that runs a dozen programs.
PYTHON = sys.executable
NAME = os.path.basename(PYTHON)[:15]
CONNECT = "import socket; s=socket.socket(); s.connect_ex((\"127.0.0.1\",9)); socket.socket(socket.AF_UNIX).connect_ex(\"/no/such\")"


def one_container():
    agent = Agent("web main command nginx:1.25;side main !excluded x:1", "Never")
    made = os.path.join(WORK, "made.txt")
    script = f"/bin/echo one 'two  three'; cd {WORK}; : > ./made.txt; /no/such 2>/dev/null; {PYTHON} -c '{CONNECT}'; exit 3"
    began = time.time()
    status = container(["sh", "-c", script], env={"SECRET": "hunter2"}).wait(60)
    name = "one container"
    agent.left(name)
    first, last = agent.records[0], agent.records[-1]
    report(status == 3 and first["kind"] == "hello" and first["config"] == {"events": ["process", "file", "network"], "heartbeatSeconds": 60,
                                                                           "containers": 2, "restartPolicy": "Never"},
           "hello comes first and says what the agent was told", first)
    report(last["reason"] == "containers-ended", "where nothing comes back, the end of all ends the agent", last)
    covered = agent.of("coverage", container="web")
    report(len(covered) == 1 and covered[0]["covered"] and covered[0]["how"] == "command" and covered[0]["pid1"] == "farguard"
           and covered[0]["image"] == "nginx:1.25", "coverage of a container is said once", covered)
    report([r["reason"] for r in agent.of("coverage", container="side")] == ["excluded"], "and why another is not")
    programs(agent, script, began)
    opened = [r for r in agent.of("event", type="openat") if r["file"]["path"] == made]
    report(len(opened) == 1 and opened[0]["file"]["flags"].startswith("O_WRONLY|O_CREAT|O_TRUNC") and opened[0]["file"]["mode"] == "0666"
           and opened[0]["result"] >= 0 and opened[0]["proc"]["name"] == "sh", "openat: path made absolute, flags, mode, result", opened)
    connects = [(r["net"], r["result"], r["proc"]["name"]) for r in agent.of("event", type="connect")]
    report(({"family": "ipv4", "dst": "127.0.0.1", "dport": 9}, -111, NAME) in connects
           and ({"family": "unix", "path": "/no/such"}, -2, NAME) in connects, "connect: address and result", connects)
    report(not any(b"hunter2" in line for line in agent.raw), "nothing of the environment is in the log")
    report(not agent.of("drop"), "nothing was dropped", agent.of("drop"))


def programs(agent, script, began):
    execs = agent.of("event", type="execve")
    by = {tuple(r["proc"]["args"]): r for r in execs}
    shell, echo = by.get(("sh", "-c", script)), by.get(("/bin/echo", "one", "two  three"))
    report(shell and echo and len(execs) == 3, "execve: each program once, with its arguments", agent.execs())
    if not shell or not echo:
        return
    report(shell["proc"]["origin"] == "entrypoint" and shell["proc"]["parents"] == [] and shell["proc"]["ppid"] == 1 and shell["result"] == 0
           and shell["resultSource"] == "observed", "the entrypoint's start was observed", shell)
    parents = [(p["pid"], p["name"]) for p in echo["proc"]["parents"]]
    report(parents == [(shell["proc"]["pid"], "sh")] and echo["proc"]["origin"] == "entrypoint" and echo["proc"]["cwd"] == "/"
           and echo["proc"]["user"] == "root" and echo["proc"]["name"] == "echo" and echo["proc"]["exe"].endswith("/echo"),
           "another has its parents, origin, directory and user", echo)
    report(all(began - 1 < time.mktime(time.strptime(r["time"][:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone < time.time() + 1 for r in execs),
           "with the time of the process", [r["time"] for r in execs])
    ends = [(r["result"], r["claimed"]) for r in agent.of("event", type="procexit") if r["proc"]["pid"] == shell["proc"]["pid"]]
    report(ends == [(3, False)], "procexit: the status, seen by the launcher", ends)


def accounted(name, agent, opens, where):
    """Nothing is lost without being counted: every open, the shell's start and its end."""
    events, lost = len(agent.of("event")), sum(r["count"] for r in agent.of("drop"))
    report(events + lost == opens + 2 and agent.lost(where) > 0, f"{name}: what is lost is counted, to the record",
           (events, lost, [(r["where"], r["count"]) for r in agent.of("drop")]))


def loop(count):
    return f"i=0; while [ $i -lt {count} ]; do : > {WORK}/many; i=$((i+1)); done"


def full_ring():
    agent = Agent(policy="Never")
    process = gated(loop(3000))
    agent.covered()
    until(lambda: agent.execs())
    os.kill(agent.pid(), signal.SIGSTOP)
    status = go(process)
    os.kill(agent.pid(), signal.SIGCONT)
    agent.left("a full ring")
    report(status == 0 and agent.lost("ring") >= 3000 - 2048, "a full ring does not stop the program", (status, agent.of("drop")))
    accounted("a full ring", agent, 3000, "ring")


def unwanted():
    """What nobody asked for takes no room: the agent is stopped, and the ring holds what it is for."""
    agent = Agent(policy="Never", env={"FARGUARD_EVENTS": "process"})
    process = gated(loop(6000) + "; /bin/true end")
    agent.covered()
    until(lambda: agent.execs())
    os.kill(agent.pid(), signal.SIGSTOP)
    status = go(process)
    os.kill(agent.pid(), signal.SIGCONT)
    agent.left("files that nobody asked for")
    report(status == 0 and not agent.of("drop") and ["/bin/true", "end"] in agent.execs() and not agent.of("event", type="openat"),
           "thousands of files opened, of which nobody wants to hear, displace no start", (status, agent.of("drop"), agent.execs()))


def flood():
    """Into a file, which takes whatever comes, so that the rate is what bounds it."""
    path = os.path.join(WORK, "flood")
    with open(path, "wb") as out:
        agent = Agent(policy="Never", reading=False, stdout=out)
        process = gated("j=0; while [ $j -lt 12 ]; do " + loop(1500) + "; sleep 0.05; j=$((j+1)); done")
        status = go(process)
        agent.process.wait(20)
    with open(path, "rb") as log:
        agent.read(log)
    agent.left("a flood")
    report(status == 0, "a flood does not stop the program", status)
    figure(f"a flood of 18014: {len(agent.of('event'))} events, dropped {[(w, agent.lost(w)) for w in ('rate', 'ring', 'sink')]}")
    # A sanitized agent may be slower than its rate allows; then the ring bounds it.
    bounded = agent.lost("ring") > 0 if SANITIZED and not agent.lost("rate") else len(agent.of("event")) >= 5000 and agent.lost("rate") > 0
    report(bounded and len(agent.of("event")) < 18000, "and is bounded to a burst and a rate", agent.of("drop"))


def heartbeat():
    agent = Agent(env={"FARGUARD_HEARTBEAT_SECONDS": "1"})
    container(["true"]).wait(60)
    until(lambda: len(agent.of("heartbeat")) >= 3)
    beats = agent.of("heartbeat")
    agent.stop("heartbeat")
    report(len(beats) >= 3 and beats[-1]["events"] >= 2 and 0 < beats[-1]["memoryBytes"] and beats[-1]["dropped"] == 0
           and beats[0]["cpuSeconds"] <= beats[-1]["cpuSeconds"], "a heartbeat a second, with its counts", beats)


def awkward():
    agent = Agent(policy="Never")
    argv = [b"sh", b"-c", b"exec /bin/true \"$@\"", b"x", b"\xff\xfe\x01\n\"\\", "\u00e4\u20ac".encode(), b"", b"a" * 7000, b"b" * 50000]
    status = container(argv).wait(60)
    agent.left("awkward arguments")
    seen = [r["proc"] for r in agent.of("event", type="execve") if r["proc"]["name"] == "true"]
    report(status == 0 and seen and seen[0]["args"][1] == "\ufffd\ufffd\x01\n\"\\" and seen[0]["args"][2:4] == ["\u00e4\u20ac", ""]
           and seen[0].get("cut"), "bytes that are no text, and more than a line takes, are written as far as they can be", seen)


def init_container():
    agent = Agent("db init command pg:1;web main command nginx:1", "Never", reading=False)
    os.kill(agent.pid(), signal.SIGKILL)
    agent.end()
    status = container(["sh", "-c", "/bin/echo init; exit 4"], "db", agent.spool).wait(60)
    left = os.listdir(os.path.join(agent.spool, "db"))
    second = Agent("db init command pg:1;web main command nginx:1", "Never", spool=agent.spool)
    container(["true"]).wait(60)
    second.left("an init container")
    coverage = second.of("coverage", container="db")
    events = [(r["type"], r["proc"]["args"][0], r["proc"]["origin"]) for r in second.of("event", container="db")]
    report(status == 4 and left == ["db.records"] and len(coverage) == 1 and coverage[0]["covered"], "an init container from before is covered",
           (left, coverage))
    report(("execve", "/bin/echo", "init") in events and events[-1][0] == "procexit", "with its programs, of origin init", events)


def enter(process, script):
    """As kubectl exec: a shell whose parent is outside, wrapped by the library."""
    one = until(lambda: next((p for p in children(process.pid) if os.path.exists(f"/proc/{p}/root/.farguard/farguard")), None))
    argv = ["/.farguard/farguard", "run", "--exe", "/bin/sh", "--self-wrap", "--", "sh", "-c", script]
    env = {"PATH": os.environ["PATH"], "FARGUARD_CONTAINER": "web"}
    return run(["nsenter", "-t", str(one), "-m", "-p", "--", *argv], env=env)[0]


def session():
    agent = Agent()
    process = container(["sleep", "60"])
    agent.covered()
    until(lambda: agent.execs())
    status = enter(process, "/bin/echo in-session; exit 9")
    until(lambda: agent.of("event", type="procexit"))
    stop(process)
    agent.stop("an exec session")
    events = {r["proc"]["args"][0]: r["proc"] for r in agent.of("event", type="execve")}
    origins = {name: proc["origin"] for name, proc in events.items()}
    report(status == 9 and origins == {"sleep": "entrypoint", "sh": "exec", "/bin/echo": "exec"}, "an exec session's programs are told apart",
           (status, agent.raw))
    report(len(agent.of("coverage")) == 1, "and are in the container's own ring", agent.of("coverage"))


def bare_session():
    agent = Agent("web main self-wrap nginx:1")
    process = start(in_root(["sleep", "60"]))
    until(lambda: children(process.pid) and os.path.basename(os.readlink(f"/proc/{children(process.pid)[0]}/exe")) == "sleep")
    status = enter(process, "/bin/echo in-session; exit 9")
    process.kill()
    process.wait()
    agent.stop("a session alone")
    said = [(r["covered"], r["reason"], r.get("session"), r.get("pid1")) for r in agent.of("coverage")]
    report(status == 9 and said == [(False, "static-entrypoint", True, "program")], "a session where the entrypoint is not covered says so",
           (status, said))
    origins = {r["proc"]["args"][0]: r["proc"]["origin"] for r in agent.of("event", type="execve")}
    report(origins == {"sh": "exec", "/bin/echo": "exec"}, "and is seen", origins)


def late_agent():
    process = gated("/bin/echo early; read y")
    time.sleep(0.5)
    process.stdin.write(b"\n")
    process.stdin.flush()
    time.sleep(0.5)
    agent = Agent(policy="Never")
    early = until(lambda: ["/bin/echo", "early"] in agent.execs())
    go(process)
    agent.left("a late agent")
    report(early and agent.execs()[0][0] == "sh", "an agent that starts late hears what was before it", agent.execs())


def missing():
    agent = Agent("web main command nginx:1;own main self-wrap x:1;no main !static-entrypoint y:1", options=("--coverage-seconds", "1"))
    until(lambda: len(agent.of("coverage")) >= 3)
    said = {r["container"]: (r["covered"], r["reason"]) for r in agent.of("coverage")}
    agent.stop("missing")
    report(said == {"web": (False, "not-started"), "own": (False, "static-entrypoint"), "no": (False, "static-entrypoint")},
           "who does not say hello in time is not covered, and why", said)


def classes():
    agent = Agent(policy="Never", events="network")
    container([PYTHON, "-c", CONNECT]).wait(60)
    agent.left("classes")
    kinds = {r["type"] for r in agent.of("event")}
    report(kinds == {"connect"}, "only the classes that are asked for are reported", kinds)


def everything():
    for part in (one_container, full_ring, unwanted, flood, heartbeat, awkward, init_container, session, bare_session, late_agent, missing, classes):
        part()
