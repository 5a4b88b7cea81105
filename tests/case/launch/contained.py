"""contained.py - as a container's process 1: the agent, the ring, exec sessions, init containers."""

import os
import shutil
import signal
import socket
import sys
import time

import ring
from place import PAYLOAD, as_pid1, in_root, install, start_as_pid1
from world import FARGUARD, IS_ROOT, PROBE, RUN, SANITIZED, WORK, children, listening, report, ring_address, run, seqpacket, skip, start, until

AGENT = "\0farguard-agent"
LAUNCHED, FIRST, SESSION = 2, 4, 8
ENV = {"PATH": os.environ["PATH"], "FARGUARD_CONTAINER": "web"}
# A launcher with a shared ASan runtime is dynamic, and that one insists on being the first library.
LOADED = {"PATH": os.environ["PATH"], "LD_PRELOAD": "/.farguard/libfarguard.so", "ASAN_OPTIONS": "verify_asan_link_order=0"}


class Agent:
    """What the agent does with a launcher: take its hello and its ring, and hear its end."""

    def __init__(self):
        self.sock = listening(AGENT)
        self.sock.settimeout(30)
        self.conn = self.ring_fd = None

    def hello(self):
        """The next one that connects says so; None if it ended before."""
        self.conn = self.sock.accept()[0]
        self.conn.settimeout(5)
        text, fds, _, _ = socket.recv_fds(self.conn, ring.HELLO.size + 1, 4)
        if not text:
            return None
        self.ring_fd = fds[0]
        return ring.hello_of(text)

    def end(self):
        text = self.conn.recv(ring.HELLO.size + 1)
        return ring.hello_of(text), ring.records(self.ring_fd)

    def close(self):
        for it in (self.conn, self.sock):
            if it:
                it.close()
        if self.ring_fd is not None:
            os.close(self.ring_fd)


def end(process, number=signal.SIGKILL):
    """Through unshare(1), which waits: its child is the launcher.  Process 1 dies of no other signal for certain."""
    for pid in children(process.pid):
        os.kill(pid, number)
    process.communicate(timeout=10)
    return process.returncode


def as_process_one():
    bare = [run(as_pid1(["sh", "-c", f"exit {n}"]))[0] for n in (0, 1, 77, 255)]
    guarded = [run(as_pid1([*RUN, "sh", "-c", f"exit {n}"]))[0] for n in (0, 1, 77, 255)]
    report(bare == guarded == [0, 1, 77, 255], "PID 1: statuses arrive", (bare, guarded))
    wrong = [n for n in (1, 2, 6, 9, 11, 15, 34, 64) if run(as_pid1([*RUN, PROBE, "die", str(n)]))[0] != 128 + n]
    report(not wrong, "PID 1: death by signal N is status 128 + N", wrong)
    process = start_as_pid1([*RUN, PROBE, "heard"])
    process.stdout.readline()
    end_status = end(process, signal.SIGTERM)
    report(end_status == 7, "PID 1: SIGTERM from outside reaches a program that handles it", end_status)
    count = 2000 if SANITIZED else 20000
    got = run(as_pid1([*RUN, "sh", "-c", f"{PROBE} storm {count} && exit 77"]), timeout=120)
    report(got[0] == 77 and not got[2], f"PID 1: {count} orphans are reaped, and the status stays the program's", got)
    got = run(as_pid1([*RUN, "no-such-program"]))
    report(got[0] == 127, "PID 1: a program that is missing is 127", got)


def told_to_the_agent():
    agent = Agent()
    process = start(as_pid1([*RUN, "sh", "-c", "sleep 0.2; exit 3"]), env=ENV)
    hello = agent.hello()
    with open("/etc/passwd", encoding="ascii") as f:
        names = {f"{line.split(':')[2]}:{line.split(':')[0]}" for line in f if line.count(":") >= 6}
    users = set(hello["users"].splitlines())
    report(hello["kind"] == "start" and hello["container"] == "web" and hello["pid1"] == 1 and hello["nnp"] == 3
           and not hello["session"], "the agent gets a hello that says what is so", hello)
    report("0:root" in users and users <= names, "with the names of the container's users", hello["users"])
    last, records = agent.end()
    process.communicate(timeout=10)
    first = records[0] if records else {}
    report(last["kind"] == "end" and last["status"] == 0x300 and last["pid"] == hello["pid"], "and the end, with its status", last)
    report(first.get("kind") == "try" and first["flags"] == LAUNCHED | FIRST and first["pid"] == hello["pid"] and first["ppid"] == 1
           and first["text"][2:] == [b"sh", b"-c", b"sleep 0.2; exit 3"] and first["text"][0].endswith(b"/sh"),
           "the first record is the entrypoint's start", records)
    report([r["args"][0] for r in records if r["kind"] == "exit" and r["pid"] == hello["pid"]] == [0x300], "its end is a record", records)
    agent.close()


def agent_comes_and_goes():
    process = start(as_pid1([*RUN, "sleep", "60"]), env=ENV)
    time.sleep(0.3)
    agent = Agent()
    first = agent.hello()
    agent.close()
    agent = Agent()
    second = agent.hello()
    report(first == second, "an agent that comes late, and again, hears the same hello", (first, second))
    cpu = cpu_of(children(process.pid)[0])
    agent.close()
    time.sleep(1)
    report(cpu_of(children(process.pid)[0]) - cpu < 5, "without it the launcher does not spin")
    end(process)


def output_of_process_one():
    """Programs that no log is made of write to /proc/1/fd/1, cron(8)'s for one."""
    argv = ["sh", "-c", "echo out >/proc/1/fd/1; echo err >/proc/1/fd/2; exit 3"]
    bare, guarded = (run(as_pid1([*p, *argv])) for p in ([], RUN))
    report(bare == guarded == (3, b"out\n", b"err\n"), "what is written to the output of process 1 arrives", (bare, guarded))
    # Whoever reads to the end waits for those who hold it open: unshare(1) for one, so the launcher is looked at.
    process = start_as_pid1([*RUN, "sh", "-c", "exit 3"], env=ENV)
    launcher = until(lambda: children(process.pid))[0]
    outputs = until(lambda: (p := outputs_of(launcher)) == {"/dev/null"} and p)
    report(outputs and process.poll() is None, "its output ends with the program, not with the launcher", (outputs, process.poll()))
    end(process)


def outputs_of(launcher):
    """Where the outputs of a launcher and all that it started lead to."""
    try:
        return {os.readlink(f"/proc/{pid}/fd/{fd}") for pid in (launcher, *children(launcher)) for fd in (1, 2)}
    except FileNotFoundError:  # one is ending
        return set()


def cpu_of(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def impostor():
    """An agent that the launcher can see is a process of its own container."""
    script = ("import socket,subprocess,sys\ns=socket.socket(socket.AF_UNIX,socket.SOCK_SEQPACKET)\ns.bind('\\0farguard-agent')\n"
              "s.listen(4)\ns.settimeout(3)\nconn=None\np=subprocess.Popen(sys.argv[1:])\np.wait()\n"
              "conn,_=s.accept()\nprint(len(conn.recv(2000)), p.returncode)\n")
    got = run(as_pid1([sys.executable, "-c", script, *RUN, "sh", "-c", "exit 5"]), env=ENV)
    report(got[1] == b"0 5\n", "an impostor in the container gets nothing", got)


def lingering():
    slow = time.monotonic()
    status = run(as_pid1([*RUN, "true"]), env=ENV)[0]
    slow = time.monotonic() - slow
    report(status == 0 and 9.5 < slow < 13, "without an agent the end is delayed by ten seconds at most", slow)
    began = time.monotonic()
    status = run(as_pid1([*RUN, "sleep", "9"]), env=ENV)[0]
    took = time.monotonic() - began
    report(status == 0 and took < slow + 2, "from its start on: who has run for so long waits no longer", (took, slow))
    got = run(as_pid1([*RUN, "sh", "-c", "(sleep 1; echo late) & echo left; exit 4"]), env=ENV)
    report(got[:2] == (4, b"left\n"), "what the program left behind ends with it all the same", got)
    process = start(as_pid1([*RUN, "sh", "-c", "exit 3"]), env=ENV)
    launcher = until(lambda: children(process.pid))
    time.sleep(0.5)
    told = time.monotonic()
    os.kill(launcher[0], signal.SIGTERM)
    status = process.wait(20)
    told = time.monotonic() - told
    report(status == 3 and told < 1, "not beyond SIGTERM, and the status stays the program's", (status, told))
    fast = time.monotonic()
    run(as_pid1([*RUN, "true"]))
    fast = time.monotonic() - fast
    report(fast < 0.25, "outside a pod by nothing", fast)


def init_container():
    spool = os.path.join(WORK, "spool")
    os.makedirs(spool, exist_ok=True)
    env = {**ENV, "FARGUARD_CONTAINER": "init-db"}
    status = run(in_root([*RUN, "sh", "-c", "true; exit 4"], spool), env=env)[0]
    left = os.listdir(spool)
    report(status == 4 and left == ["init-db.records"], "an init container leaves its records behind", (status, left))
    hello, records = ring.spooled(os.path.join(spool, "init-db.records"))
    kinds = [r["kind"] for r in records]
    report(hello["container"] == "init-db" and kinds[0] == "try" and kinds[-1] == "exit" and records[-1]["args"][0] == 0x400,
           "a hello, its start and its end", (hello, kinds))
    os.unlink(os.path.join(spool, "init-db.records"))
    run(in_root([*RUN, PROBE, "storm", "3000"], spool), env=env)
    exits = [r["pid"] for r in ring.spooled(os.path.join(spool, "init-db.records"))[1] if r["kind"] == "exit"]
    report(len(exits) > 2900, "more records than a ring holds are written down as they come", len(exits))
    os.unlink(os.path.join(spool, "init-db.records"))
    status = run(in_root([*RUN, "sh", "-c", "exit 4"], spool), env=env, preexec_fn=lambda: os.closerange(0, 1))[0]
    report(status == 4 and os.listdir(spool) == ["init-db.records"], "without a standard input too", (status, os.listdir(spool)))
    for left in os.listdir(spool):
        os.unlink(os.path.join(spool, left))
    agent = Agent()
    process = start(in_root([*RUN, "sh", "-c", "exit 4"], spool), env=env)
    agent.hello()
    records = agent.end()[1]
    process.communicate(timeout=10)
    report(os.listdir(spool) == [] and records[0]["kind"] == "try", "with an agent nothing is written", (os.listdir(spool), records))
    agent.close()


def preloaded():
    """In a root with the payload: no ld.so.preload, so the variable does it, and nothing else changes."""
    got = run(in_root([*RUN, "sh", "-c", "echo $LD_PRELOAD; env -i sh -c 'echo $LD_PRELOAD'"]), env=ENV)
    report(got[:2] == (0, b"/.farguard/libfarguard.so\n\n"), "LD_PRELOAD has the library where ld.so.preload does not name it", got)
    got = run(in_root([*RUN, "sh", "-c", "echo $LD_PRELOAD"]), env=LOADED)
    report(got[:2] == (0, b"/.farguard/libfarguard.so\n"), "never twice", got)
    agent = Agent()
    process = start(in_root([*RUN, "sh", "-c", "/bin/echo one; (sleep 0.1); exit 0"]), env=ENV)
    agent.hello()
    records = agent.end()[1]
    process.communicate(timeout=10)
    done = [os.path.basename(r["text"][0]) for r in records if r["kind"] == "done"]
    report(b"echo" in done, "the library in its programs writes into the same ring", records)
    agent.close()


def self_wrapped():
    """The library in a container's first program, whose parent is outside, puts the launcher before it."""
    argv = ["sh", "-c", "tr '\\0' ' ' </proc/1/cmdline; echo; echo $$ $PPID; exit 8", "a  b"]
    words = " ".join(["farguard run --exe", shutil.which("sh"), "--self-wrap --", *argv])
    got = run(in_root(argv), env=LOADED)
    report(got[0] == 8 and got[1].decode().rsplit("\n", 2)[0] == words + " " and got[1].endswith(b" 1\n"),
           "a first program is started again behind the launcher", got)
    got = run(in_root(argv), env={**LOADED, "FARGUARD_BARE": "1"})
    report(got[0] == 8 and got[1].startswith(b"sh -c tr ") and got[1].endswith(b"1 0\n"), "but not one that the launcher gave up", got)
    dynamic = os.path.join(WORK, "dynamic")
    shutil.copytree(PAYLOAD, dynamic)
    shutil.copy(PROBE, os.path.join(dynamic, "farguard"))
    other = os.path.join(dynamic, "other")
    os.link(os.path.join(dynamic, "farguard"), other)
    for path in ("/.farguard/farguard", "/.farguard/other"):
        got = run(in_root([path, "state"], payload=dynamic), env=LOADED)
        seen = [line for line in got[1].split(b"\n") if line.startswith(b"arg ")]
        report(got[0] == 0 and seen == [b"arg " + word.encode().hex().encode() for word in (path, "state")],
               f"and never the launcher itself, though it be dynamic: {path}", got)


def session():
    """kubectl exec: a process whose parent is outside, in the container of a launcher."""
    agent = Agent()
    process = start(in_root([PAYLOAD.replace(PAYLOAD, "/.farguard/farguard"), "run", "--", "sleep", "60"]), env=ENV)
    agent.hello()
    one = until(lambda: next((p for p in children(process.pid)), None))
    enter = ["nsenter", "-t", str(one), "-m", "-p", "--", "/.farguard/farguard", "run", "--exe", "/bin/sh", "--self-wrap", "--", "sh", "-c", "exit 9"]
    status = run(enter, env=ENV)[0]
    found = until(lambda: [r for r in ring.records(agent.ring_fd) if r["flags"] & SESSION])
    ends = [r for r in ring.records(agent.ring_fd) if r["kind"] == "exit" and r["args"][0] == 0x900]
    report(status == 9 and len(found) == 1 and found[0]["flags"] == SESSION | LAUNCHED, "an exec session joins the container's ring", found)
    report(len(ends) == 1 and found and ends[0]["pid"] == found[0]["pid"], "with its end", ends)
    end(process)
    agent.close()


def executes(pid, beginning):
    with open(f"/proc/{pid}/cmdline", "rb") as f:
        return f.read().startswith(b"sh\0-c\0" + beginning)


def hook_first():
    """A postStart hook that is faster than the entrypoint has the ring's name until it ends."""
    late = ("while [ ! -e $0/go ]; do sleep 0.02; done; exec /.farguard/farguard run --pid1=$1 -- "
            "sh -c 'while [ -e $0/held ]; do sleep 0.02; done; env LD_PRELOAD=/.farguard/libfarguard.so /bin/echo $$; exit 4' $0")
    for shape, number in (("farguard", False), ("program", True)):
        place = os.path.join(WORK, f"hook-{shape}")
        os.makedirs(place)
        open(os.path.join(place, "held"), "w", encoding="ascii").close()
        agent = Agent()
        process = start(in_root(["sh", "-c", late, place, shape]), env=ENV)
        one = until(lambda: next((p for p in children(process.pid) if executes(p, b"while [ ! -e")), None))
        began = time.monotonic()
        hook = start(["nsenter", "-t", str(one), "-m", "-p", "--", "/.farguard/farguard", "run", "--exe", "/bin/sleep", "--self-wrap", "--",
                      "sleep", "60"], env=ENV)
        first = agent.hello()
        took = time.monotonic() - began
        agent.conn.close()
        open(os.path.join(place, "go"), "w", encoding="ascii").close()
        second = agent.hello()
        while second["session"]:  # the hook's again: its connection has just been closed
            second = agent.hello()
        end(hook)
        time.sleep(1)  # five times as often as the worker asks for the name
        os.unlink(os.path.join(place, "held"))
        said = process.communicate(timeout=30)[0].decode().split()
        echoed = [r for r in ring.records(agent.ring_fd) if r["kind"] == "done" and os.path.basename(r["text"][0]) == b"echo"]
        report(first["session"] and took < 3 and process.returncode == 4 and (said == ["1"]) == number,
               f"--pid1={shape}: a hook that begins first makes no difference to the entrypoint", (first, took, process.returncode, said))
        report(len(echoed) == 1, f"--pid1={shape}: and what starts after the hook is in the entrypoint's ring", ring.records(agent.ring_fd))
        agent.close()


# Ten processes, so that each needs few descriptors: 20 idle clients, 10 rude ones and 50 of good manners.
CROWD = r"""
import os, socket
address = "\0farguard-ring." + "".join(c for c in os.readlink("/proc/self/ns/mnt") if c.isdigit())

def client():
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    sock.settimeout(5)
    sock.connect(address)
    return sock

def serve_me():
    idle = [client() for _ in range(20)]
    for i in range(10):
        rude = client()
        try:
            rude.send(b"garbage" * (i + 1))
        except BrokenPipeError:
            pass  # the launcher was quicker
        rude.close()
    good = 0
    for sock in [client() for _ in range(50)]:
        byte, fds, _, _ = socket.recv_fds(sock, 10, 4)
        good += len(fds) == 1 and len(byte) == 1
        for fd in fds:
            os.close(fd)
    return good

read, write = os.pipe()
for _ in range(10):
    if os.fork() == 0:
        os.write(write, bytes([serve_me()]))
        os._exit(0)
os.close(write)
with os.fdopen(read, "rb") as f:
    print(sum(f.read()))
"""


def ring_socket():
    process = start(in_root([*RUN, "sleep", "60"]), env=ENV)
    one = until(lambda: next((p for p in children(process.pid) if children(p)), None))
    sock = seqpacket()
    until(lambda: sock.connect_ex(ring_address(one)) == 0)
    sock.settimeout(5)
    report(sock.recv(10) == b"", "a process that is not of the container gets no ring")
    sock.close()
    got = run(["nsenter", "-t", str(one), "-m", "-p", "--", sys.executable, "-c", CROWD])
    report(got[1] == b"500\n", "five hundred at once are served, beside idle and rude ones", got)
    fds = os.listdir(f"/proc/{one}/fd")
    report(len(fds) < 12, "none of them keeps a descriptor", fds)
    report(children(one), "and the launcher goes on")
    end(process)


def stolen_name():
    """Another container of the pod took the ring's name before the launcher came: it knows the number somehow."""
    script = f"echo ready; read x; exec {FARGUARD} run -- sh -c 'echo $FARGUARD_BARE; exit 6'"
    process = start(as_pid1(["sh", "-c", script]), stdin=-1, env=ENV)
    process.stdout.readline()
    one = children(process.pid)[0]
    thief = listening(ring_address(one))
    agent = Agent()
    process.stdin.write(b"\n")
    process.stdin.flush()
    hello = agent.hello()
    out, _ = process.communicate(timeout=10)
    report(process.returncode == 6 and out == b"\n" and hello["container"] == "web", "whoever steals the ring's name does not stop the launcher", out)
    agent.close()
    thief.close()


def everything():
    if not IS_ROOT:
        skip("as process 1 of a container", "needs root")
        return
    install()
    for part in (as_process_one, output_of_process_one, told_to_the_agent, agent_comes_and_goes, impostor, lingering, init_container, preloaded, self_wrapped, session, hook_first,
                 ring_socket, stolen_name):
        part()
