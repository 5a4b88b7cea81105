"""world.py - what every part of the launcher's test shares: TAP, the programs, places to run in."""

import ctypes
import os
import resource
import shutil
import socket
import subprocess
import tempfile
import time

from tap import report, skip  # noqa: F401 (passed on)

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
MODE = os.environ.get("FARGUARD_MODE", "release")
BUILD = os.path.join(ROOT, os.environ.get("FARGUARD_BUILD") or "build/" + MODE)
FARGUARD = os.path.join(BUILD, "bin", "farguard")
SANITIZED = any(m in BUILD for m in ("asan", "tsan"))
IS_ROOT = os.geteuid() == 0
WORK = tempfile.mkdtemp(prefix="farguard-launch-")
PROBE = os.path.join(WORK, "probe")
REFUSE = os.path.join(WORK, "refuse")
RUN = [FARGUARD, "run", "--"]
LIBC = ctypes.CDLL(None, use_errno=True)


def figure(text):
    print(f"# {text}", flush=True)


SYS_RT_SIGACTION = 13


def settle():
    """Have the limits that a sanitizer's runtime gives to its process before main(), where it differs from what came.

    Of a sanitized launcher the program inherits those: no core files (it would write its shadow), under tsan a stack
    with an end and all addresses.  Other modes are tested with the limits that this machine has.
    """
    ends = {resource.RLIMIT_CORE: 0}
    if "tsan" in BUILD:
        ends.update({resource.RLIMIT_STACK: 8 << 20, resource.RLIMIT_AS: resource.RLIM_INFINITY})
    if SANITIZED:
        # Its threads have libc catch the signal that it keeps for setuid(2), which make(1) gave to us ignored.
        LIBC.syscall(SYS_RT_SIGACTION, 33, ctypes.byref(ctypes.create_string_buffer(32)), None, 8)
    for which, end in ends.items() if SANITIZED else ():
        soft, hard = resource.getrlimit(which)
        if which != resource.RLIMIT_STACK or soft == resource.RLIM_INFINITY:
            resource.setrlimit(which, (end, hard))


def build():
    settle()
    os.chmod(WORK, 0o755)
    os.chdir(WORK)  # whatever dies leaves its core there
    for name in ("probe", "refuse", "about", "laden"):
        source = os.path.join(HERE, name + ".c")
        subprocess.run(["cc", "-O1", "-D_GNU_SOURCE", "-o", os.path.join(WORK, name), source], check=True)
    for name in ("about", "probe"):
        source = os.path.join(HERE, name + ".c")
        subprocess.run(["cc", "-O1", "-D_GNU_SOURCE", "-static", "-o", os.path.join(WORK, name + "-static"), source], check=True)


def leave():
    shutil.rmtree(WORK, ignore_errors=True)


def run(argv, **options):
    """Run to the end; status, stdout, stderr."""
    options.setdefault("timeout", 60)
    done = subprocess.run(argv, capture_output=True, **options)
    return done.returncode, done.stdout, done.stderr


def same(name, argv, **options):
    """A command bare and behind the launcher: the same in all that can be seen."""
    bare, guarded = run(argv, **options), run(RUN + argv, **options)
    report(bare == guarded, name, f"bare    {bare}\nguarded {guarded}")
    return guarded


def start(argv, **options):
    options.setdefault("stdout", subprocess.PIPE)
    return subprocess.Popen(argv, **options)


def until(check, seconds=5):
    """Wait for something to become true; what it was at the end."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = check()
        if value:
            return value
        time.sleep(0.005)
    return check()


def mount_digits(pid="self"):
    return "".join(c for c in os.readlink(f"/proc/{pid}/ns/mnt") if c.isdigit())


def ring_address(pid="self"):
    return "\0farguard-ring." + mount_digits(pid)


def seqpacket():
    return socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def listening(address, backlog=16):
    sock = seqpacket()
    sock.bind(address)
    sock.listen(backlog)
    sock.settimeout(5)
    return sock


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return [int(p) for p in f.read().split()]


def program_of(launcher):
    """Pid of what a launcher started, once it executes something else than the launcher."""

    def ready():
        for pid in children(launcher):
            if os.readlink(f"/proc/{pid}/exe") != os.path.realpath(FARGUARD):
                return pid
        return None

    return until(ready)
