"""worker.py - the launcher's worker is killed and stopped, and the program does not notice."""

import os
import random
import resource
import signal
import socket
import threading
import time

import ring
from contained import ENV, Agent, end
from place import as_pid1, in_root, install, start_as_pid1
from world import FARGUARD, IS_ROOT, MODE, PROBE, RUN, SANITIZED, children, figure, program_of, report, run, skip, start, until

KILLS, TRUES = 200, 20
NOBODY = 54321


def comm(pid):
    try:
        with open(f"/proc/{pid}/comm", encoding="ascii") as f:
            return f.read().rstrip("\n")
    except OSError:
        return ""


def worker_of(launcher):
    try:
        return next((p for p in children(launcher) if comm(p) == "farguard-worker"), None)
    except OSError:
        return None


def stat_fields(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        return f.read().rsplit(")", 1)[1].split()


def beside_the_program():
    process = start([*RUN, "sleep", "60"])
    program, worker = program_of(process.pid), until(lambda: worker_of(process.pid))
    ours, its, launchers = (stat_fields(p) for p in (worker, program, process.pid))
    report(children(program) == [] and its[2:4] == launchers[2:4], "the program has no child of ours", (its, launchers))
    report(ours[2] == ours[3] == str(worker) and ours[4] == "0", "the worker leads a session of its own, without a terminal", ours)
    with open(f"/proc/{worker}/cmdline", "rb") as f:
        line = f.read()
    report(line.split(b"\0")[0] == b"farguard worker", "and does not pass for the program", line)
    process.kill()
    process.wait(5)
    report(until(lambda: not os.path.exists(f"/proc/{worker}")), "it does not outlive its launcher")
    process.stdout.close()
    if IS_ROOT:
        process = start([*RUN, "sleep", "60"], cwd="/", user=NOBODY, group=NOBODY, extra_groups=[])
        worker = until(lambda: worker_of(process.pid))
        owner = until(lambda: os.stat(f"/proc/{worker}/environ").st_uid == 0)
        report(owner, "nobody of the container may trace it or read its memory")
        process.terminate()
        process.communicate(timeout=5)


def replaced():
    process = start([*RUN, "sh", "-c", "read x; exit 9"], stdin=-1)
    first = until(lambda: worker_of(process.pid))
    before = len(os.listdir(f"/proc/{process.pid}/fd"))
    os.kill(first, signal.SIGSTOP)
    second = until(lambda: worker_of(process.pid) not in (None, first) and worker_of(process.pid))
    report(second, "a worker that is stopped is replaced", (first, second))
    for number in (signal.SIGKILL, signal.SIGSTOP):
        last = until(lambda: worker_of(process.pid))
        os.kill(last, number)
        got = until(lambda gone=last: worker_of(process.pid) not in (None, gone) and worker_of(process.pid))
        report(got, f"again and again: {number.name}", got)
    after = len(os.listdir(f"/proc/{process.pid}/fd"))
    report(before == after, "no descriptor is left of them", (before, after))
    process.stdin.write(b"\n")
    process.stdin.close()
    process.stdin = None
    process.communicate(timeout=10)
    report(process.returncode == 9, "the program goes on and ends as it would", process.returncode)


def everybody_killed():
    got = run(as_pid1([*RUN, "sh", "-c", "kill -9 -1; kill -STOP -1; /bin/echo alive; exit 6"]))
    report(got[:2] == (6, b"alive\n"), "a program that kills and stops all others goes on", got)


class Crowd(threading.Thread):
    """The agent of launchers that come one after the other: what each said and wrote."""

    def __init__(self, count):
        super().__init__(daemon=True)
        self.agent, self.count, self.seen = Agent(), count, []

    def first_hello(self):
        """A worker that is killed when it has connected leaves a connection that says nothing."""
        while not (hello := self.agent.hello()):
            self.agent.conn.close()
        return hello

    def run(self):
        for _ in range(self.count):
            hellos = [self.first_hello()]
            while hellos[-1]["kind"] != "end":
                text, fds, _, _ = socket.recv_fds(self.agent.conn, ring.HELLO.size + 1, 4)
                for fd in fds:
                    os.close(fd)
                if not text:
                    break
                hellos.append(ring.hello_of(text))
            self.seen.append((hellos, ring.records(self.agent.ring_fd)))
            os.close(self.agent.ring_fd)
            self.agent.conn.close()
            self.agent.ring_fd = None


def descend(pid):
    try:
        for child in children(pid):
            yield child
            yield from descend(child)
    except OSError:
        return


def killed_at_random():
    """Launchers one after the other, whose workers are killed or stopped at random moments, about KILLS times in all."""
    rounds = KILLS // 4
    crowd = Crowd(rounds)
    crowd.start()
    trues = "i=0; while [ $i -lt %d ]; do /bin/true; i=$((i+1)); done; exit 9" % TRUES
    script = f"n=0; while [ $n -lt {rounds} ]; do /.farguard/farguard run -- sh -c '{trues}'; [ $? = 9 ] || echo wrong; n=$((n+1)); done"
    process = start(in_root(["sh", "-c", script]), env=ENV)
    kills, chance = 0, random.Random(5)
    while process.poll() is None:
        for pid in descend(process.pid):
            if comm(pid) == "farguard-worker":
                try:
                    os.kill(pid, chance.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGSTOP)))
                    kills += 1
                except ProcessLookupError:
                    pass
        time.sleep(chance.random() * 0.01)
    out = process.stdout.read()
    process.stdout.close()
    crowd.join(10)
    figure(f"{kills} workers killed or stopped below {rounds} launchers")
    report(out == b"" and process.returncode == 0, "whatever becomes of the worker, each status is the program's", (out, process.returncode))
    wrong = [hellos for hellos, _ in crowd.seen if hellos[-1]["kind"] != "end" or hellos[-1]["status"] != 0x900]
    report(len(crowd.seen) == rounds and not wrong, "the agent hears each end on the connection that it has", (len(crowd.seen), wrong[:2]))
    report(any(h["restarts"] for hellos, _ in crowd.seen for h in hellos), "and that workers were started again")
    few, no_end = [], []
    for _, records in crowd.seen:
        names = [os.path.basename(r["text"][0]) for r in records if r["kind"] == "done"]
        few += [names] if names.count(b"true") < TRUES else []
        no_end += [] if any(r["kind"] == "exit" and r["args"][0] == 0x900 for r in records) else [records]
    # A process gives up after 200 ms, which a loaded machine may need; a lost record would be in many rounds.
    report(len(few) <= rounds // 20 and not no_end, "no record is lost", (len(few), few[:1], len(no_end)))
    crowd.agent.close()


def at_the_very_end():
    for number in (signal.SIGSTOP, signal.SIGKILL):
        agent = Agent()
        process = start(as_pid1([*RUN, "sh", "-c", "read x; exit 3"]), stdin=-1, env=ENV)
        agent.hello()
        launcher = children(process.pid)[0]
        worker = until(lambda: worker_of(launcher))
        os.kill(launcher, signal.SIGSTOP)
        os.kill(worker, number)
        process.stdin.write(b"\n")
        process.stdin.flush()
        until(lambda: all(stat_fields(p)[0] == "Z" for p in children(launcher) if p != worker))
        begin = time.monotonic()
        os.kill(launcher, signal.SIGCONT)
        said = agent.end()[0]
        if said["kind"] == "start":
            said = agent.end()[0]
        process.communicate(timeout=10)
        took = time.monotonic() - begin
        report(said["kind"] == "end" and said["status"] == 0x300 and process.returncode == 3,
               f"a worker lost at the very end by {number.name}: the agent hears it all the same", said)
        report(took < 5, f"and nobody waits for the lost one: {number.name}", took)
        agent.close()


def no_room():
    """One process more is allowed: it is the program."""
    if SANITIZED or not IS_ROOT:
        skip("without room for a worker the program runs", "needs root and no sanitizer")
        return

    def room_for_two():
        resource.setrlimit(resource.RLIMIT_NPROC, (2, 9))

    process = start([*RUN, "sleep", "60"], cwd="/", user=NOBODY + 1, group=NOBODY, extra_groups=[], preexec_fn=room_for_two)
    program_of(process.pid)
    time.sleep(0.3)
    report(len(children(process.pid)) == 1, "without room for a worker the program runs", children(process.pid))
    run(["prlimit", "--pid", str(process.pid), "--nproc=9:9"], cwd="/", user=NOBODY + 1, group=NOBODY, extra_groups=[])
    report(until(lambda: worker_of(process.pid)), "and gets one when there is room")
    process.terminate()
    report(process.wait(5) == -signal.SIGTERM, "its end is its own", process.returncode)
    process.stdout.close()


def sessions_have_none():
    process = start_as_pid1([*RUN, "sleep", "60"], env=ENV)
    one = until(lambda: next((p for p in children(process.pid) if worker_of(p)), None))
    enter = ["nsenter", "-t", str(one), "-m", "-p", "--", FARGUARD, "run", "--", "sleep", "60"]
    joined = start(enter)
    launcher = until(lambda: next((p for p in children(joined.pid) if children(p)), None) or (children(joined.pid) and joined.pid))
    program = until(lambda: [p for p in descend(joined.pid) if comm(p) == "sleep"])
    report(program and not [p for p in descend(joined.pid) if comm(p) == "farguard-worker"], "an exec session needs no worker", launcher)
    end(joined)
    end(process)


def pss(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("Pss:"))


def memory():
    process = start([*RUN, PROBE, "heard"])
    process.stdout.readline()
    worker = until(lambda: worker_of(process.pid))
    until(lambda: stat_fields(worker)[0] == "S")
    total = pss(process.pid) + pss(worker)
    figure(f"PSS of launcher and worker: {pss(process.pid)} + {pss(worker)} KiB")
    if MODE == "release" and not SANITIZED:
        report(total <= 1024, "launcher and worker together take at most a MiB", total)
    process.terminate()
    process.communicate(timeout=5)


def everything():
    beside_the_program()
    replaced()
    no_room()
    memory()
    if not IS_ROOT:
        skip("workers of process 1 of a container", "needs root")
        return
    install()
    for part in (everybody_killed, killed_at_random, at_the_very_end, sessions_have_none):
        part()
