"""pod.py - an agent, what it wrote, and containers whose launchers find it."""

import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

import jsonschema
from place import in_root
from world import BUILD, FARGUARD, ROOT, WORK, children, report, start, until

AGENT = os.path.join(BUILD, "bin", "farguard-agent")
IDENTITY = {"FARGUARD_NAMESPACE": "shop", "FARGUARD_POD": "web-0", "FARGUARD_NODE": "n1", "FARGUARD_WORKLOAD": "StatefulSet/web"}
LINE_MAX = 16384
everyone = []

with open(os.path.join(ROOT, "injector/report/schema.json"), encoding="utf-8") as schema:
    SCHEMA = json.load(schema)
VALIDATOR = jsonschema.validators.validator_for(SCHEMA)(SCHEMA)


def loopback():
    """lo of a new network namespace is down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        fcntl.ioctl(s, 0x8914, struct.pack("16sH14x", b"lo", 0x1))  # SIOCSIFFLAGS, IFF_UP


class Agent:
    """One agent; its lines are read as they come unless `reading` is False."""

    def __init__(self, containers="web main command nginx:1", policy="Always", events="process,file,network", restart=False,
                 reading=True, options=(), **more):
        self.spool = tempfile.mkdtemp(dir=WORK)
        env = {"PATH": os.environ["PATH"], **IDENTITY, "FARGUARD_CONTAINERS": containers, "FARGUARD_RESTART_POLICY": policy,
               "FARGUARD_EVENTS": events, **{k: v for k, v in more.pop("env", {}).items()}}
        argv = [AGENT, "--spool", more.pop("spool", self.spool), *options]
        if restart:
            argv = [FARGUARD, "run", "--restart", "--", *argv]
        self.raw, self.records, self.broken = [], [], []
        self.process = start(argv, env=env, **more)
        self.restart = restart
        everyone.append(self.process)
        self.reader = threading.Thread(target=self.read, daemon=True)
        if reading:
            self.reader.start()
            self.wait(lambda r: r["kind"] == "hello")

    def read(self, log=None):
        for line in log or self.process.stdout:
            self.raw.append(line)
            try:
                self.records.append(json.loads(line))
            except ValueError:
                self.broken.append(line)

    def pid(self):
        """Of the agent itself, also behind its restarter."""
        return until(lambda: next(iter(children(self.process.pid)), None)) if self.restart else self.process.pid

    def of(self, kind, **fields):
        return [r for r in list(self.records) if r["kind"] == kind and all(r.get(k) == v for k, v in fields.items())]

    def wait(self, wanted, seconds=20):
        return until(lambda: [r for r in list(self.records) if wanted(r)], seconds)

    def covered(self, container="web", count=1):
        return until(lambda: len(self.of("coverage", container=container, covered=True)) >= count, 20)

    def execs(self):
        return [r["proc"]["args"] for r in self.of("event", type="execve")]

    def lost(self, where):
        return sum(r["count"] for r in self.of("drop", where=where))

    def send(self, number):
        os.kill(self.process.pid, number)

    def end(self, seconds=20):
        """Its status, once it has ended by itself."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = "still running"
        if self.reader.ident:
            self.reader.join(5)
        return status

    def stop(self, name):
        """SIGTERM, and what holds for every agent: it leaves with 0, its log is as the schema says."""
        self.send(signal.SIGTERM)
        self.left(name)

    def left(self, name):
        status = self.end()
        report(status == 0 and (not self.records or self.records[-1]["kind"] == "goodbye"), f"{name}: it leaves with a goodbye and 0",
               (status, self.raw[-3:]))
        self.judge(name)

    def judge(self, name):
        wrong = [f"{next(VALIDATOR.iter_errors(r)).message[:200]} in {json.dumps(r)[:300]}" for r in self.records
                 if not VALIDATOR.is_valid(r)]
        seqs = [r["seq"] for r in self.records]
        long = [len(line) for line in self.raw if len(line) > LINE_MAX]
        strange = [r for r in self.records if (r["namespace"], r["pod"], r["node"], r["workload"]) != tuple(IDENTITY.values())]
        report(not wrong and not self.broken and not long and not strange and seqs == list(range(1, len(seqs) + 1)),
               f"{name}: its lines are whole, by the schema, numbered without gaps",
               "\n".join([*wrong[:4], *map(str, self.broken[:3]), f"long {long}", f"strange {strange[:2]}", f"seq {seqs[:40]}"]))


def container(argv, name="web", spool="", **options):
    """A guarded container that runs `argv`; its Popen, whose child is the launcher."""
    env = {"PATH": os.environ["PATH"], "FARGUARD_CONTAINER": name, **options.pop("env", {})}
    if spool:  # as the kubelet mounts it: each sees its own directory
        spool = os.path.join(spool, name)
        os.makedirs(spool, exist_ok=True)
    process = start(in_root(["/.farguard/farguard", "run", "--", *argv], spool), env=env, **options)
    everyone.append(process)
    return process


def gated(script, **options):
    """A container whose shell waits for go() before it runs `script`."""
    return container(["sh", "-c", f"read x; {script}"], stdin=subprocess.PIPE, **options)


def go(process, seconds=60):
    process.stdin.write(b"\n")
    process.stdin.close()
    return process.wait(seconds)


def program(process):
    """Of a container, once its launcher has started it: before, a signal would find the shell that makes its surroundings."""

    def started():
        for launcher in children(process.pid):
            for pid in children(launcher) if os.path.basename(os.readlink(f"/proc/{launcher}/exe")) == "farguard" else ():
                if os.path.basename(os.readlink(f"/proc/{pid}/exe")) != "farguard":
                    return pid
        return None
    return until(started, 30)


def catches(pid, number):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return int(next(line for line in f if line.startswith("SigCgt")).split()[1], 16) >> number - 1 & 1


def stop(process):
    """The container is told to end, and its program, which as process 1 would not hear of it without a handler, is ended; its status."""
    pid = program(process)
    for launcher in children(process.pid):
        os.kill(launcher, signal.SIGTERM)
    if pid and not catches(pid, signal.SIGTERM):
        os.kill(pid, signal.SIGTERM)
    return process.wait(20)


def elapsed(what):
    began = time.monotonic()
    what()
    return time.monotonic() - began


def leave():
    for process in everyone:
        if process.poll() is None:
            process.kill()
            process.wait()
