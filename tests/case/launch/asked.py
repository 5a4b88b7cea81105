"""asked.py - signals as process 1 gets them: the kernel spares it what it did not ask for, and so does the launcher."""

import ctypes
import os
import signal
import subprocess
import time

from contained import end
from place import as_pid1
from world import IS_ROOT, LIBC, PROBE, RUN, children, program_of, report, run, skip, start, until

TWINS = (("bare", []), ("guarded", RUN))
SYS_RT_SIGQUEUEINFO = 129
SENT = [n for n in range(1, 65) if n not in (signal.SIGKILL, signal.SIGSTOP)]


def lines(process, count):
    return [process.stdout.readline().decode().strip() for _ in range(count)]


def first(process):
    return until(lambda: next(iter(children(process.pid)), None))


def begin(prefix, argv, **options):
    process = start(as_pid1([*prefix, *argv]), **options)
    return process, first(process)


def queue(pid, number, code, sender, user, value):
    """rt_sigqueueinfo(2): what sigqueue(3), a timer or anybody makes of it."""
    info = ctypes.create_string_buffer(128)
    ctypes.c_int.from_buffer(info, 0).value = number
    ctypes.c_int.from_buffer(info, 8).value = code
    ctypes.c_int.from_buffer(info, 16).value = sender
    ctypes.c_uint.from_buffer(info, 20).value = user
    ctypes.c_uint64.from_buffer(info, 24).value = value
    return LIBC.syscall(SYS_RT_SIGQUEUEINFO, pid, number, info)


def with_value():
    """Everything but the sender of a plain kill(2), which is the launcher."""
    heard = {}
    real = [34, 35, 50, 64]
    for name, prefix in TWINS:
        process, one = begin(prefix, [PROBE, "asked"])
        lines(process, 1)
        for number in SENT:
            if number != signal.SIGTERM:
                queue(one, number, -1, 4711, 1234, number << 32 | 7)
                heard.setdefault(name, []).extend(lines(process, 1))
        for code in (-3, -4, -60, -77):
            queue(one, 40, code, 99, 88, 0xfedcba9876543210)
            heard[name] += lines(process, 1)
        os.kill(one, signal.SIGUSR1)
        heard[name] += lines(process, 1)
        # Many at once, stopped meanwhile: of each number in the order sent, the lowest number first.
        program = program_of(one) if prefix else one
        os.kill(program, signal.SIGSTOP)
        until(lambda: "T" in open(f"/proc/{program}/stat", encoding="ascii").read().rsplit(")", 1)[1][:3])
        for value in range(400):
            queue(one, real[value % 4], -1, 1, 2, value)
            os.kill(one, signal.SIGUSR2)
        until(lambda: pending(program) == 4 + 1)
        if prefix:
            until(lambda: pending(one) == 0)
        os.kill(program, signal.SIGCONT)
        got = lines(process, 1 + 1 + 400)
        heard[name] += [line for line in got if "code -1 " in line]
        report(sum("code 0 " in line for line in got) == 2, f"{name}: of a standard signal one is kept", [x for x in got if "code 0 " in x])
        os.kill(one, signal.SIGTERM)
        process.communicate(timeout=10)
        report(process.returncode == 7, f"{name}: and SIGTERM ends it as it likes", process.returncode)
    bare, guarded = heard["bare"], heard["guarded"]
    report(len(bare) == 61 + 4 + 1 + 400 and any(line.endswith("value 2200000007") for line in bare) and bare == [g.replace("code 0 pid 1", "code 0 pid 0") for g in guarded],
           "number, code, sender, value, count and order of queued signals arrive", [x for x in zip(bare, guarded) if x[0] != x[1]][:5])


def pending(pid):
    """How many signals are pending for a process as a whole; none once it is gone."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as f:
            return next(bin(int(line.split()[1], 16)).count("1") for line in f if line.startswith("ShdPnd:"))
    except FileNotFoundError:
        return 0


def ended(process):
    return process.poll() is not None


def spared():
    """Neither caught nor blocked: nothing of it ends, stops or hurts process 1, bare or guarded."""
    cases = {"a program that sleeps": ["sleep", "60"], "one that computes": ["sh", "-c", "while :; do :; done"],
             "a shell that waits": ["sh", "-c", "sleep 60 & wait"], "a shell that forks": ["sh", "-c", "while :; do /bin/true; done"], "one without output": [PROBE, "stay"]}
    for what, argv in cases.items():
        status = {}
        for name, prefix in TWINS:
            process, one = begin(prefix, argv)
            program = program_of(one) if prefix else one
            until(lambda p=program: os.readlink(f"/proc/{p}/exe") != "/usr/bin/unshare")
            time.sleep(0.05)
            for number in SENT if what.endswith("sleeps") else (signal.SIGTERM, signal.SIGTSTP, signal.SIGABRT):
                os.kill(one, number)
            if prefix:
                until(lambda o=one: pending(o) == 0)
            time.sleep(0.05)
            lives = not ended(process) and os.path.exists(f"/proc/{program}")
            letter = open(f"/proc/{program}/stat", encoding="ascii").read().rsplit(")", 1)[1].split()[0] if lives else ""
            status[name] = (lives, letter in "SRD", end(process))
        report(status["bare"] == status["guarded"] and status["bare"][:2] == (True, True), f"{what}: spared what process 1 is spared", status)


def given():
    for name, prefix in TWINS:
        process, one = begin(prefix, [PROBE, "wait", "15"])
        lines(process, 1)
        until(lambda p=process, o=one, g=prefix: waits(program_of(o) if g else o))
        os.kill(one, signal.SIGTERM)
        report(process.wait(10) == 6, f"{name}: one that waits in sigwait(3) gets it", process.returncode)
        process.stdout.close()
        process, one = begin(prefix, ["sh", "-c", "trap 'exit 5' TERM; echo; while :; do sleep 0.02; done"])
        lines(process, 1)
        os.kill(one, signal.SIGTERM)
        report(process.wait(10) == 5, f"{name}: one with a trap gets it", process.returncode)
        process.stdout.close()
    inside = "kill -TERM 1; kill -KILL 1; kill -STOP 1; kill -SEGV 1; sleep 0.1; exit 3"
    got = [run(as_pid1([*p, "sh", "-c", f"sh -c '{inside}'; exit $?"])) for _, p in TWINS]
    report(got[0] == got[1] and got[0][0] == 3, "from inside process 1 cannot be killed, stopped or crashed", got)


def waits(pid):
    with open(f"/proc/{pid}/syscall", encoding="ascii") as f:
        return f.read().startswith("128 ")


def another_user():
    """Root without CAP_KILL may not signal a program that gave root up; the kubelet may."""
    drop = ["setpriv", "--bounding-set", "-kill", "--inh-caps", "-all", "--"]
    for name, prefix in TWINS:
        for how, argv in (("as process 1", as_pid1), ("in a session", list)):
            process = start(argv([*drop, *prefix, "setpriv", "--reuid", "12345", "--clear-groups", PROBE, "asked"]))
            lines(process, 1)
            one = first(process) if how == "as process 1" else process.pid
            queue(one, 40, -1, 5, 6, 7)
            os.kill(one, signal.SIGTERM)
            got = lines(process, 2)
            process.communicate(timeout=10)
            report(process.returncode == 7 and got[0].split()[0] in ("15", "40"), f"{name}, {how}: a program of another user is told to end without CAP_KILL",
                   (process.returncode, got))


def everything():
    if not IS_ROOT:
        skip("signals as process 1 gets them", "needs root")
        return
    for part in (with_value, spared, given, another_user):
        part()
