"""pid1.py - --pid1=program: the program is process 1, and the launcher an orphan beside it."""

import os
import re
import shutil
import signal
import sys
import time

import ring
from contained import ENV, LOADED, Agent, end
from place import as_pid1, in_root, install
from worker import comm, descend, worker_of
from world import FARGUARD, IS_ROOT, PROBE, RUN, children, report, run, skip, start, until

PROGRAM = [FARGUARD, "run", "--pid1=program", "--"]
BESIDE, UNKNOWN = 1, 2


def who(argv, **more):
    return run(as_pid1([*argv, "sh", "-c", "echo $$"]), env={**ENV_PLAIN, **more})[1]


ENV_PLAIN = {"PATH": os.environ["PATH"]}


def chosen():
    report(who(PROGRAM) == b"1\n", "the flag makes the program process 1")
    report(who(RUN, FARGUARD_PID1="program") == b"1\n", "so does the variable")
    report(who([FARGUARD, "run", "--pid1=farguard", "--"], FARGUARD_PID1="program") != b"1\n", "the flag goes before the variable")
    report(who(RUN) != b"1\n" and who(RUN, FARGUARD_PID1="auto") != b"1\n", "by itself, it is the launcher")
    got = run(as_pid1([FARGUARD, "run", "--pid1=me", "--", "sh", "-c", "exit 5"]))
    report(got == (5, b"", b""), "a word that is none stops nothing", got)
    got = run([*PROGRAM, "sh", "-c", "cat /proc/$PPID/comm; exit 7"])
    report(got[:2] == (7, b"farguard\n"), "where the launcher is not process 1, nothing changes", got)


def exactly():
    """What the program inherits as process 1 is what it would without the launcher."""

    def odd():
        signal.pthread_sigmask(signal.SIG_SETMASK, {signal.SIGUSR1, signal.SIGRTMIN, signal.SIGCHLD})
        for number in (signal.SIGPIPE, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, signal.SIG_IGN)
        for fd, flags in ((3, os.O_RDONLY), (7, os.O_RDWR | os.O_APPEND), (40, os.O_WRONLY | os.O_NONBLOCK)):
            os.dup2(os.open("/dev/null", flags), fd)
        os.umask(0o137)

    for name, options in (("", {}), (", odd ones too", {"preexec_fn": odd, "close_fds": False})):
        bare, guarded = (run(as_pid1([*p, PROBE, "state", "", "a b"]), **options) for p in ([], PROGRAM))
        report(bare == guarded and bare[0] == 0, f"arguments, environment, descriptors, signals arrive{name}", f"{bare}\n{guarded}")
    wrong = [n for n in (0, 1, 77, 255) if run(as_pid1([*PROGRAM, "sh", "-c", f"exit {n}"]))[0] != n]
    report(not wrong, "statuses are the program's", wrong)
    got = run(as_pid1([*PROGRAM, "/no/such"]))
    report(got[0] == 127 and got[2].count(b"\n") == 1, "a program that is missing is 127", got)
    # Process 1 ignores what it has no handler for.
    bare, guarded = (run(as_pid1([*p, "sh", "-c", "kill -TERM $$; exit 4"])) for p in ([], PROGRAM))
    report(bare == guarded and bare[0] == 4, "signals do to it what they do to a process 1", (bare, guarded))


def told():
    agent = Agent()
    process = start(as_pid1([*PROGRAM, "sh", "-c", "read x; exit 3"]), stdin=-1, env=ENV)
    hello = agent.hello()
    report(hello["pid"] == 1 and hello["pid1"] == 2 and hello["flags"] == BESIDE and not hello["session"], "the hello says so", hello)
    process.stdin.write(b"\n")
    process.stdin.close()
    process.stdin = None
    last = agent.conn.recv(4096)
    process.communicate(timeout=10)
    report(process.returncode == 3 and last == b"", "the connection ends with the container, without a status", last)
    agent.close()
    agent = Agent()
    process = start(as_pid1([*RUN, "true"]), env={**ENV, "FARGUARD_PID1": "yes"})
    hello = agent.hello()
    report(hello["flags"] == UNKNOWN and hello["pid1"] == 1, "and of a word that is none", hello)
    process.communicate(timeout=10)
    agent.close()


# Process 1 that says which children it reaped that it did not start.
REAPS = """
import os, signal, sys, time
print("ready", flush=True)
sys.stdin.readline()
seen = []
while True:
    try:
        pid, status = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        break
    if not pid:
        break
    seen.append(status)
print(seen, flush=True)
begin = time.monotonic()
os.kill(-1, signal.SIGTERM)
seen = []
while True:
    try:
        seen.append(os.waitpid(-1, 0)[1])
    except ChildProcessError:
        break
print(seen, time.monotonic() - begin < 5, flush=True)
"""


def unseen():
    process = start(as_pid1([*PROGRAM, sys.executable, "-c", REAPS]), stdin=-1)
    process.stdout.readline()
    one = children(process.pid)[0]
    keeper = children(one)
    first = until(lambda: worker_of(keeper[0]))
    report(len(keeper) == 1 and comm(keeper[0]) == "farguard" and first, "process 1 has one child that it did not start", keeper)
    os.kill(first, signal.SIGKILL)
    again = until(lambda: worker_of(keeper[0]) not in (None, first))
    process.stdin.write(b"\n")
    process.stdin.close()
    process.stdin = None
    out, _ = process.communicate(timeout=30)
    report(again and out.startswith(b"[]\n"), "it hears nothing of a worker that is killed and replaced", out)
    report(out.endswith(b"[0] True\n"), "an init that ends everybody and waits for the last is not kept waiting", out)


# /init of the root, then what process 1 executes next.
CHAIN = r"""
mkdir -p /tmp/scan/.s6-svscan /tmp/scan/one
printf '#!/bin/sh\necho finish $$\nexit 5\n' >/tmp/scan/.s6-svscan/finish
printf '#!/bin/sh\ntr "\\0" " " </proc/1/cmdline; /bin/echo; exec s6-svscanctl -t /tmp/scan\n' >/tmp/scan/one/run
printf '#!/bin/sh -e\n# s6-overlay\nexec env -i PATH="$PATH" LD_PRELOAD=/.farguard/libfarguard.so sh -c "exec s6-svscan /tmp/scan"\n' >/init
chmod +x /init /tmp/scan/.s6-svscan/finish /tmp/scan/one/run
"""


def inits():
    if not shutil.which("tini"):
        skip("tini does not warn", "it is not installed")
    else:
        bare, guarded = (run(as_pid1([*p, "tini", "--", "sh", "-c", "(sleep 0.1 &) ; exit 3"])) for p in ([], RUN))
        report(bare == guarded == (3, b"", b""), "tini does not warn", (bare, guarded))
    if not shutil.which("s6-svscan"):
        skip("an init of s6-overlay's kind", "s6 is not installed")
        return
    for name, last, env in (("by its command", "exec /.farguard/farguard run -- /init", ENV),
                            ("by the library in its interpreter", "export LD_PRELOAD=/.farguard/libfarguard.so; exec /init", {**LOADED, "LD_PRELOAD": ""})):
        got = run(in_root(["sh", "-c", CHAIN + last]), env=env, timeout=60)
        report(got[0] == 5 and re.fullmatch(rb"s6-svscan /tmp/scan \nfinish 1\n", got[1]) is not None,
               f"an init of s6-overlay's kind is process 1, through all that it executes: {name}", got)


def seen():
    """The ring is one for the whole chain, and an exec session joins it."""
    agent = Agent()
    process = start(in_root(["sh", "-c", "exec /.farguard/farguard run --pid1=program -- sh -c '/bin/echo one; exec sh -c \"read x; exec sleep 60\"'"]),
                    env=ENV, stdin=-1, stderr=-3)
    agent.hello()
    one = children(process.pid)[0]
    report(until(lambda: comm(one) == "sh"), "the program is process 1 of its container")
    status = run(["nsenter", "-t", str(one), "-m", "-p", "--", "/bin/sh", "-c", "exit 9"], env=LOADED)[0]
    process.stdin.write(b"\n")
    process.stdin.flush()
    until(lambda: comm(one) == "sleep")
    time.sleep(0.05)
    done = [(r["pid"], os.path.basename(r["text"][0])) for r in ring.records(agent.ring_fd) if r["kind"] == "done"]
    report((1, b"sleep") in done and b"echo" in [name for _, name in done], "what it executes is recorded", done)
    report(status == 9 and not [p for p in descend(one) if comm(p) == "farguard" and p not in children(one)], "an exec session joins", status)
    end(process, signal.SIGKILL)
    agent.close()


def everything():
    if not IS_ROOT:
        skip("--pid1=program", "needs root")
        return
    install()
    for part in (chosen, exactly, told, unseen, inits, seen):
        part()
