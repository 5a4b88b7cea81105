"""trouble.py - whatever is refused to Farguard, the program runs; and `run --restart`."""

import errno
import os
import resource
import signal
import subprocess
import sys
import time

from place import as_pid1
from world import FARGUARD, IS_ROOT, PROBE, REFUSE, RUN, SANITIZED, WORK, children, figure, program_of, report, run, skip, start, until

# x86_64, asm/unistd_64.h
CALLS = {"poll": 7, "rt_sigprocmask": 14, "socket": 41, "connect": 42, "sendmsg": 46, "bind": 49, "listen": 50, "clone": 56,
         "fcntl": 72, "ftruncate": 77, "readlink": 89, "setsid": 112, "rt_sigtimedwait": 128, "prctl": 157, "accept4": 288,
         "signalfd4": 289, "dup3": 292, "pipe2": 293, "memfd_create": 319, "close_range": 436, "faccessat2": 439}
BARE = b"env " + b"FARGUARD_BARE=1".hex().encode() + b"\n"


def refused():
    for name, number in CALLS.items():
        if SANITIZED and name in ("rt_sigprocmask", "readlink", "poll", "fcntl"):
            skip(f"{name} refused: the program runs", "a sanitizer cannot do without it")
            continue
        for error in (errno.EPERM, errno.ENOSYS) if name != "clone" else (errno.EAGAIN, errno.EPERM):
            words = [REFUSE, str(error), str(number)] + (["57", "58", "435"] if name == "clone" else []) + ["--"]
            bare, guarded = run([*words, PROBE, "state"]), run([*words, *RUN, PROBE, "state"])
            went_bare = BARE in guarded[1]
            # The mask cannot be given back where it cannot be taken.
            ok = (bare[0], bare[1]) == (guarded[0], guarded[1].replace(BARE, b"")) and went_bare == bool(guarded[2])
            ok = ok and guarded[2].count(b"\n") <= 1
            report(ok, f"{name} refused with {errno.errorcode[error]}: the program runs{', bare' if went_bare else ''}",
                   f"{bare}\n{guarded}")
    status = run([REFUSE, "1", "319", "--", *RUN, "sh", "-c", "exit 3"])[0]
    report(status == 3, "bare, the status is the program's", status)


def scarce():
    def few_files(count):
        return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))

    # A dynamic program itself needs one: the static launcher in front of it must not need more.
    for count in range(4, 16):
        bare, guarded = (run([*p, "/bin/sh", "-c", "exit 5"], preexec_fn=few_files(count))[0] for p in ([], RUN))
        if bare != guarded:
            report(False, f"with {count} descriptors the program runs", (bare, guarded))
            return
    report(True, "with any number of descriptors that is enough for the program, it runs")
    if SANITIZED:
        skip("with little memory the program runs", "a sanitizer needs terabytes of addresses")
    else:
        bad = []
        for kib in range(2000, 8000, 100):
            def little(n=kib):
                resource.setrlimit(resource.RLIMIT_AS, (n << 10, n << 10))
                resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # the shell itself crashes for want of memory
            bare, guarded = (run([*p, "/bin/sh", "-c", "exit 5"], preexec_fn=little)[0] for p in ([], RUN))
            if bare == 5 != guarded:
                bad.append((kib, guarded))
        report(not bad, "with little memory the program runs", bad)
    if IS_ROOT and not SANITIZED:
        limit = ("import os,resource,sys\nresource.setrlimit(resource.RLIMIT_NPROC,(0,0))\nos.setgid(54321)\nos.setuid(54321)\n"
                 "os.execv(sys.argv[1],sys.argv[1:])\n")
        got = run([sys.executable, "-c", limit, *RUN, PROBE, "state"], cwd="/")
        report(got[0] == 0 and BARE in got[1], "where no process may be made, it runs in our place", got)
    else:
        skip("where no process may be made, it runs in our place", "needs root and no sanitizer")


def own_signals():
    """What the launcher's own writes bring upon it is not the program's."""
    def no_files():
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    def few():
        resource.setrlimit(resource.RLIMIT_NOFILE, (4, 4))
    got = run([*RUN, "/bin/sh", "-c", "exit 5"], preexec_fn=no_files)
    report(got[0] == 5, "with no file size allowed the program runs", got)
    read, write = os.pipe()
    os.close(read)
    got = [subprocess.run([*p, "/bin/sh", "-c", "exit 5"], stderr=write, preexec_fn=few, check=False).returncode for p in ([], RUN)]
    os.close(write)
    report(got == [5, 5], "where nobody reads what the launcher has to say, the program runs", got)


def taken_away():
    """The program takes our descriptors' limit to 0: poll(2) fails then, signals still arrive."""
    if SANITIZED:
        skip("without poll(2) signals still arrive", "a sanitizer cannot do without descriptors")
        return
    process = start([*RUN, PROBE, "heard"])
    process.stdout.readline()
    resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (0, 0))
    for number in (signal.SIGUSR1, signal.SIGWINCH):
        process.send_signal(number)
        line = process.stdout.readline()
        report(line == b"heard %d\n" % number, f"without poll(2) {signal.Signals(number).name} still arrives", line)
    process.terminate()
    out, _ = process.communicate(timeout=10)
    report((process.returncode, out) == (7, b"heard 15\n"), "and the end", (process.returncode, out))


def restarted():
    state = os.path.join(WORK, "state")
    script = ("fd=/proc/self/fd/${FARGUARD_STATE_FD%%,*}; n=$(head -c 101 $fd | tail -c 1 | tr -d '\\0'); "
              "printf %s $(( ${n:-0} + 1 )) | dd of=$fd bs=1 seek=100 conv=notrunc 2>/dev/null; "
              "pipe=${FARGUARD_STATE_FD#*,}; [ -p /proc/self/fd/${pipe%,*} -a -p /proc/self/fd/${pipe#*,} ] && p=pipe; "
              f"echo ${{n:-0}} $(stat -Lc %s $fd) $p $(head -c 8 $fd | tail -c 4 | od -An -td4 | tr -d ' ') >>{state}; "
              "[ ${n:-0} -ge 3 ] && exit 0; [ ${n:-0} = 1 ] && kill -9 $$; [ ${n:-0} = 2 ] && kill -STOP $$; exit 1")
    got = run([FARGUARD, "run", "--restart", "--", "sh", "-c", script])
    with open(state, encoding="ascii") as f:
        lines = f.read().split("\n")
    stopped = 0x7f | signal.SIGSTOP << 8
    report(got[0] == 0 and lines == ["0 135168 pipe 0", "1 135168 pipe 256", "2 135168 pipe 9", f"3 135168 pipe {stopped}", ""],
           "a worker that fails, is killed or stopped is started again with its state, which says how", (got, lines))
    report(got[2] == b"", "and the log is the workers' alone", got[2])
    for words, ends in (("trap 'exit 0' TERM; echo; while :; do sleep 0.05; done", 0), ("trap 'exit 3' TERM; echo; while :; do sleep 0.05; done", 0),
                        ("echo; exec sleep 60", 0)):
        process = start([FARGUARD, "run", "--restart", "--", "sh", "-c", words], stderr=subprocess.PIPE)
        process.stdout.readline()
        process.terminate()
        out, errors = process.communicate(timeout=10)
        report(process.returncode == ends and out == b"", f"told to end, it ends with 0 and starts nothing: {words[:12]}", (out, errors))
    process = start([FARGUARD, "run", "--restart", "--", "sh", "-c", "echo; exit 1"])
    for _ in range(4):
        process.stdout.readline()
    until(lambda: not children(process.pid))  # it waits 800 ms now
    begin = time.monotonic()
    process.terminate()
    out = process.communicate(timeout=10)[0]
    took = time.monotonic() - begin
    report(process.returncode == 0 and took < 0.5 and out == b"\n", "told to end while it waits, it starts once more, to see the end of others",
           (process.returncode, took, out))
    got = run([FARGUARD, "run", "--restart", "--", "/no/such/agent"])
    report(got[0] == 0 and got[2].count(b"\n") == 1, "a worker that is missing does not fail the container", got)
    begin = time.monotonic()
    process = start([FARGUARD, "run", "--restart", "--", "sh", "-c", "echo; exit 1"], stderr=subprocess.DEVNULL)
    for _ in range(4):
        process.stdout.readline()
    took = time.monotonic() - begin
    process.terminate()
    process.communicate(timeout=10)
    report(0.65 < took < 3, "the fourth start comes after 100 + 200 + 400 ms", took)
    if IS_ROOT:
        process = start(as_pid1([FARGUARD, "run", "--restart", "--", "sh", "-c", "echo; exec sleep 60"]), stderr=subprocess.PIPE)
        process.stdout.readline()
        os.kill(children(process.pid)[0], signal.SIGTERM)
        process.communicate(timeout=10)
        report(process.returncode == 0, "as PID 1 too", process.returncode)


def pss(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("Pss:"))


def figures():
    """Printed, not judged: other people use this machine."""
    process = start([*RUN, "sleep", "60"])
    program_of(process.pid)
    until(lambda: len(os.listdir(f"/proc/{process.pid}/fd")) < 8, 1)
    figure(f"PSS of a running launcher: {pss(process.pid)} KiB")
    process.terminate()
    process.communicate(timeout=5)
    times = {"bare": [], "guarded": []}
    for _ in range(200):
        for name, prefix in (("bare", []), ("guarded", RUN)):
            begin = time.perf_counter()
            subprocess.run([*prefix, "/bin/true"], check=True)
            times[name].append(time.perf_counter() - begin)
    bare, guarded = (sorted(t)[len(t) // 2] * 1e6 for t in times.values())
    figure(f"fork, start and end of /bin/true, medians of 200: bare {bare:.0f} us, guarded {guarded:.0f} us, +{guarded - bare:.0f} us")


def everything():
    for part in (refused, scarce, own_signals, taken_away, restarted, figures):
        part()
