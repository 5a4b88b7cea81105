"""chaos.py - one pod by hand, and who kills in it."""

import json
import os
import re
import signal
import subprocess
import threading
import time

import jsonschema
from world import BUILD, FARGUARD, ROOT, SANITIZED, WORK, children, until

AGENT = os.path.join(BUILD, "bin", "farguard-agent")
IDENTITY = {"FARGUARD_NAMESPACE": "shop", "FARGUARD_POD": "web-0", "FARGUARD_NODE": "n1", "FARGUARD_WORKLOAD": "Pod/web-0",
            "FARGUARD_CONTAINERS": "web main command nginx:1", "FARGUARD_EVENTS": "process", "FARGUARD_RESTART_POLICY": "Never"}
# Each says the same at whatever time, and ends by itself or, with a handler, when it is told.
CASES = {
    "exit": "echo out; echo err >&2; exit 7",
    "true": "true",
    "child-killed": "sh -c 'kill -9 $$'; s=$?; echo $s; exit $s",
    "starts": "i=0; while [ $i -lt 20 ]; do i=$((i+1)); /bin/echo $i; done; exit 3",
    "slow": "for i in 1 2 3; do sleep 0.05; echo $i; done",
    "orphan": "(sleep 3; echo late) & echo left; exit 5",
    "input": "cat; exit 9",
    "served": "trap 'echo bye; exit 4' TERM; echo up; while :; do sleep 0.05 & wait $!; done",
}
GRACE_S = 30
# A launcher gives the agent 10 s to come and half a second to be told; more than that only a busy machine can explain.
LATE_S = 8

with open(os.path.join(ROOT, "injector/report/schema.json"), encoding="utf-8") as schema:
    SCHEMA = json.load(schema)
VALIDATOR = jsonschema.validators.validator_for(SCHEMA)(SCHEMA)


def comm(pid):
    try:
        with open(f"/proc/{pid}/comm", encoding="ascii", errors="replace") as f:
            return f.read().strip()
    except OSError:
        return ""


def kids(pid):
    try:
        return children(pid)
    except OSError:
        return []


def is_up(pid):
    """Whether a first process of ours takes signals: it waits for them, or has them blocked."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as f:
            blocks = "SigBlk:\tfffffff" in f.read()
        with open(f"/proc/{pid}/wchan", encoding="ascii") as f:
            return comm(pid) == "farguard" and (blocks or "sigtimedwait" in f.read())
    except OSError:
        return False


class Tools:
    def __init__(self):
        self.script = os.path.join(WORK, "container")
        with open(self.script, "w", encoding="ascii") as f:
            f.write('#!/bin/sh\nmount --make-rprivate / && mount -t proc proc /proc && exec "$@"\n')
        os.chmod(self.script, 0o755)

    def process_one(self, argv, **options):
        """The command as process 1 of a container; what is waited for is its parent."""
        return subprocess.Popen(["unshare", "--pid", "--mount", "--fork", "--kill-child", "--", self.script, *argv], **options)

    def bare(self, case):
        process = self.process_one(["sh", "-c", CASES[case]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if case == "served":
            up = process.stdout.readline()
            os.kill(kids(process.pid)[0], signal.SIGTERM)
            out, err = process.communicate(timeout=60)
            return process.returncode, up + out, err
        out, err = process.communicate(b"said", timeout=60)
        return process.returncode, out, err


class Pod:
    def __init__(self, tools, case, chance):
        self.tools, self.case, self.chance = tools, case, chance
        self.hits, self.stopped = [], []
        self.ending = threading.Event()
        self.began = time.monotonic()
        self.late = 0
        self.agent = self.main = self.agent_first = None
        self.log, self.errors = b"", b""

    def live(self, expected):
        """From its start to its end; what was wrong."""
        # The namespace lives as long as somebody holds it.
        holder = subprocess.Popen(["unshare", "--net", "--", "cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        net = os.open("/proc/self/ns/net", os.O_RDONLY)
        try:
            while os.stat(f"/proc/{holder.pid}/ns/net").st_ino == os.fstat(net).st_ino:
                time.sleep(0.002)
            self.net = ["nsenter", f"--net=/proc/{holder.pid}/ns/net", "--"]
            return self.inside(expected)
        finally:
            os.close(net)
            holder.stdin.close()
            holder.wait()

    def start(self, argv, **options):
        return subprocess.Popen([*self.net, "unshare", "--pid", "--mount", "--fork", "--kill-child", "--", self.tools.script, *argv],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)

    def inside(self, expected):
        env = {"PATH": os.environ["PATH"], "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "")}
        self.agent = self.start([FARGUARD, "run", "--restart", "--", AGENT, "--spool", "/nowhere", "--stay"], stdin=subprocess.DEVNULL,
                                env={**env, **IDENTITY})
        reader = threading.Thread(target=self.read_log)
        reader.start()
        if self.chance.random() < 0.7:
            time.sleep(self.chance.uniform(0, 0.05))
        self.main = self.start([FARGUARD, "run", "--", "sh", "-c", CASES[self.case]], stdin=subprocess.PIPE,
                               env={**env, "FARGUARD_CONTAINER": "web"})
        killer = threading.Thread(target=self.kill)
        killer.start()
        faults = list(self.of_main(expected))
        self.ending.set()
        killer.join()
        faults += self.of_agent()
        reader.join()
        return faults + list(self.of_log())

    def read_log(self):
        self.log = self.agent.stdout.read()
        self.errors = self.agent.stderr.read()

    def of_main(self, expected):
        up = b""
        try:
            if self.case == "served":
                up = self.main.stdout.readline()
                time.sleep(self.chance.uniform(0, 0.2))
                for pid in kids(self.main.pid):
                    os.kill(pid, signal.SIGTERM)
            out, err = self.main.communicate(b"said", timeout=GRACE_S * (3 if SANITIZED else 1))
        except subprocess.TimeoutExpired:
            yield "the program's container does not end"
            self.dump(self.main)
            self.main.kill()
            return
        got = (self.main.returncode, up + out, err)
        if got != expected:
            yield f"bare {expected}, guarded {got}"

    def of_agent(self):
        """As the kubelet ends a sidecar, once the program has ended."""
        # A process 1 that is not there yet loses it, whoever it is; a sidecar starts before the program.
        until(lambda: any(map(is_up, kids(self.agent.pid))), 30)
        told = time.monotonic()
        for pid in kids(self.agent.pid):
            os.kill(pid, signal.SIGTERM)
        try:
            status = self.agent.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            self.dump(self.agent)
            for pid in kids(self.agent.pid):
                os.kill(pid, signal.SIGKILL)
            self.agent.wait(GRACE_S)
            return [f"the agent's container takes more than {GRACE_S} s to end"]
        self.late = time.monotonic() - told
        faults = [] if status == 0 else [f"the agent's container ends with {status}"]
        return faults + ([f"the agent took {self.late:.1f} s to end"] if self.late > LATE_S else [])

    def of_log(self):
        lines = self.log.decode(errors="replace").splitlines()
        numbers, last = [], "goodbye"
        for line in lines:
            try:
                record = json.loads(line)
            except ValueError:
                yield f"no record: {line[:300]}"
                return
            error = next(VALIDATOR.iter_errors(record), None)
            if error:
                yield f"not by the schema: {error.message[:200]}: {line[:300]}"
            numbers.append(record["seq"])
            last = record["kind"]
        if numbers != list(range(1, len(numbers) + 1)):
            yield f"the sequence is {numbers}"
        if last != "goodbye":
            yield f"the agent's last word is {last}"
        if self.errors:
            yield f"the agent's container says {self.errors!r} on standard error"

    # --- who kills ------------------------------------------------------------------

    def victims(self):
        """What a kill can reach: (kind, pid).  An agent counts from its fork on, before it is executed."""
        for kind, process, names in (("agent", self.agent, ("farguard", "farguard-agent")), ("worker", self.main, ("farguard-worker",))):
            for first in kids(process.pid):
                if comm(first) == "farguard":
                    yield from ((kind, pid) for pid in kids(first) if comm(pid) in names)

    def kill(self):
        while not self.ending.wait(self.chance.choice([0, 0.0005, 0.002, 0.01, 0.05]) * 2 * self.chance.random()):
            victims = list(self.victims())
            if not victims or self.chance.random() < 0.4:
                continue
            kind, pid = self.chance.choice(victims)
            number = self.chance.choice([signal.SIGKILL] * 4 + [signal.SIGSTOP])
            try:
                os.kill(pid, number)
            except OSError:
                continue
            self.hits.append((time.monotonic() - self.began, f"{kind} {number.name}", pid))
            if len(self.hits) >= 12:
                return

    def dump(self, process):
        """Whatever is there of a container that does not end."""
        parents = ",".join(map(str, [process.pid, *kids(process.pid)]))
        shown = subprocess.run(["ps", "-o", "pid,ppid,stat,wchan:20,args", "--ppid", parents], capture_output=True, text=True, check=False)
        self.hits.append((time.monotonic() - self.began, "state", shown.stdout))

    def explain(self):
        yield from (f"at {when:.3f} s {what} {pid}" for when, what, pid in self.hits)
        lines = self.log.decode(errors="replace").splitlines()
        yield from (re.sub(r'"namespace".*?"workload":"[^"]*",', "", line)[:200] for line in lines)
        yield self.errors.decode(errors="replace")
