"""limits.py - little memory, few processes, hardly any CPU, every resource limit, the longest arguments."""

import os
import resource

from contained import Agent
from groups import Group, has
from place import as_pid1, in_root, install
from world import FARGUARD, IS_ROOT, MODE, PROBE, RUN, SANITIZED, children, figure, report, run, skip, start, until

STATIC = PROBE + "-static"
TWINS = (("bare", []), ("guarded", RUN))

STACK_LEAST = 20480 if MODE == "release" else 24576


def in_group(controller, value, argv):
    group = Group(controller, value)
    try:
        return group.run(argv)
    finally:
        group.close()


def smallest(prefix):
    """The least memory in KiB, to 32, with which a static program runs."""
    low, high = 0, 8192
    while high - low > 32:
        middle = (low + high) // 64 * 32
        if all(in_group("memory", middle << 10, [*prefix, STATIC, "quit"]).returncode == 5 for _ in range(2)):
            high = middle
        else:
            low = middle
    return high


def memory():
    why = "a sanitizer needs more" if SANITIZED else has("memory", 6 << 20)
    if why:
        skip("little memory", why)
        return
    got = in_group("memory", 6 << 20, [*RUN, PROBE, "storm", "20"])
    report(got.returncode == 0, "below a 6 MiB memory limit the program and its orphans run", got)
    bare, guarded = smallest([]), smallest(RUN)
    figure(f"least memory limit with which a static program runs: bare {bare} KiB, guarded {guarded} KiB")
    report(guarded - bare <= 1024, "the launcher and its worker need less than 1 MiB more", (bare, guarded))
    group = Group("memory", 16 << 20)
    # unshare(1) is in the group too, and as small as the launcher.
    got = group.run(as_pid1([*RUN, PROBE, "eat"]))
    kills = group.oom_kills()
    report(got.returncode == 137 and kills in (1, None) and not got.stderr, "the kernel's OOM killer takes the program, and the launcher ends with 137",
           (got, kills))
    group.close()


def processes():
    why = has("pids", 10)
    if why:
        skip("few processes", why)
        return
    bad = []
    for count in range(1, 7):
        got = [in_group("pids", count, [*p, STATIC, "quit"]).returncode for _, p in TWINS]
        if got != [5, 5]:
            bad.append((count, got))
    report(not bad, "with any number of processes that is enough for the program, it runs", bad)
    got = [in_group("pids", count, [*p, PROBE, "storm", "50"]).returncode for count, p in ((3, []), (5, RUN))]
    report(got == [0, 0], "with two more than it needs so do its children", got)


def cpu():
    why = has("cpu", 5000)
    if why:
        skip("hardly any CPU", why)
        return
    got = [in_group("cpu", 2000, [*p, "sh", "-c", "exit 5"]).returncode for _, p in TWINS]
    report(got == [5, 5], "with 2 % of a CPU the program runs", got)


def resources():
    """Each of the sixteen from nothing upwards: where the program runs bare, it runs guarded.

    But for no CPU time, which is over before or after a program's first tick, as it happens; and a stack of less than 20 KiB, 24 KiB where
    our own code is not optimized.
    """
    if SANITIZED:
        skip("with each resource limit as small as may be", "a sanitizer needs more")
        return
    bad, tried = [], 0
    for which in range(16):
        for value in (0, 1, 2, 3, 5, 4096, STACK_LEAST, 65536, 131072, 1 << 20):
            if which == resource.RLIMIT_CPU and value == 0:
                continue

            def set_it(w=which, v=value):
                hard = resource.getrlimit(w)[1]
                resource.setrlimit(w, (v if hard == resource.RLIM_INFINITY else min(v, hard), hard))
                if w != resource.RLIMIT_CORE:
                    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            # The first exec is a shell's, so that what cannot start at all says so by its status.
            got = [run(["/bin/sh", "-c", 'exec "$@"', "sh", *p, STATIC, "quit"], preexec_fn=set_it)[0] for _, p in TWINS]
            tried += got[0] == 5
            if got[0] == 5 != got[1]:
                bad.append((which, value, got))
    report(not bad and tried > 100, "with each resource limit as small as the program can bear, it runs", (tried, bad))


def longest(run_it):
    """The greatest number of bytes that run_it bears; 7 is E2BIG."""
    low, high = 1 << 16, 4 << 20
    while high - low > 1:
        middle = (low + high) // 2
        status = run_it(middle)
        if status == 5:
            low = middle
        elif status == 7:
            high = middle
        else:
            return f"{middle}: {status}"
    return low


def too_long():
    """E2BIG to the byte, with a stack of 1 MiB and with the usual one."""
    own = len(f"{FARGUARD}\0run\0--\0") + 3 * 8 + len(FARGUARD) - len(STATIC)
    if SANITIZED:
        skip("arguments are too long where they were", "a sanitizer needs more stack")
        return
    for soft in (1 << 20, 8 << 20):
        old = resource.getrlimit(resource.RLIMIT_STACK)
        resource.setrlimit(resource.RLIMIT_STACK, (soft, old[1]))
        bare, guarded = (longest(lambda n, p=p: run([STATIC, "long", str(n), *p, STATIC, "quit"])[0]) for _, p in TWINS)
        resource.setrlimit(resource.RLIMIT_STACK, old)
        report(isinstance(bare, int) and isinstance(guarded, int) and bare - guarded == own,
               f"with a {soft >> 20} MiB stack, arguments are too long where they were, but for the launcher's own words",
               f"bare {bare}, guarded {guarded}, words {own}")
        figure(f"longest arguments with a {soft >> 20} MiB stack: bare {bare}, behind a command {guarded} ({bare - guarded} less)")
    one = [run([STATIC, "string", str(n), *p, STATIC, "quit"])[0] for n in (131071, 131072) for _, p in TWINS]
    report(one == [5, 5, 7, 7], "one string is too long where it was: 128 KiB", one)


def too_long_for_the_library():
    """What the library cannot start again behind the launcher goes on as it is: not a byte is lost."""
    if not IS_ROOT or SANITIZED:
        skip("wrapped by the library, arguments are too long where they were", "needs root and no sanitizer")
        return
    agent = Agent()
    process = start(in_root(["/bin/sleep", "60"]))
    one = until(lambda: next((p for p in children(process.pid) if os.readlink(f"/proc/{p}/exe").endswith("sleep")), None), 30)
    enter = ["nsenter", "-t", str(one), "-m", "-p", "-r", "--"]
    small = lambda: resource.setrlimit(resource.RLIMIT_STACK, (1 << 20, resource.RLIM_INFINITY))  # noqa: E731
    found = []
    for variable in ("LD_PRELOAX=/.farguard/libfarguard.so", "LD_PRELOAD=/.farguard/libfarguard.so"):
        found.append(longest(lambda n, v=variable: run([*enter, STATIC, "with", v, "long", str(n), PROBE, "quit"], preexec_fn=small)[0]))
    report(isinstance(found[0], int) and found[0] == found[1], "wrapped by the library, arguments are too long exactly where they were", found)
    process.kill()
    process.communicate(timeout=10)
    agent.close()


def everything():
    install()
    for part in (memory, processes, cpu, resources, too_long, too_long_for_the_library):
        part()
