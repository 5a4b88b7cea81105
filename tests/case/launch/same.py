"""same.py - bare and guarded, a program sees and does the same."""

import ctypes
import os
import resource
import signal
import subprocess

from world import FARGUARD, IS_ROOT, LIBC, PROBE, RUN, SANITIZED, WORK, report, run, same, skip


def raw_environment(strings):
    """A preexec function that executes argv with an environment which no dict can hold."""

    def execute(argv):
        args = (ctypes.c_char_p * (len(argv) + 1))(*[os.fsencode(a) for a in argv], None)
        env = (ctypes.c_char_p * (len(strings) + 1))(*strings, None)
        LIBC.execve(args[0], args, env)
        os._exit(99)

    return execute


def arguments():
    odd = ["", " ", "a b", "--", "--exe", "-x", "\n", "$HOME", "*", "'\"\\", "\udcff\udcfe\udc80", "é", "x" * 100000]
    same("arguments arrive to the byte, empty and strange ones too", [PROBE, "state", *odd])
    bare = run(["argv zero", "state"], executable=PROBE)
    guarded = run([FARGUARD, "run", "--exe", PROBE, "--", "argv zero", "state"])
    report(bare == guarded and b"arg " + b"argv zero".hex().encode() in bare[1], "argv[0] is kept when --exe names the file",
           f"{bare}\n{guarded}")
    many = ["a" * 1000] * 2000
    same("two thousand arguments of a thousand bytes arrive", [PROBE, "state", *many])


def environments():
    cases = {
        "no environment at all": [],
        "duplicates, empty strings, no '='": [b"A=1", b"A=2", b"", b"B", b"=C", b"D=\xff\xfe\n", b"LD_LIBRARY_PATH="],
        "an LD_PRELOAD of its own": [b"LD_PRELOAD=", b"PATH=/nowhere"],
    }
    for name, strings in cases.items():
        seen = []
        for argv in ([PROBE, "state"], [*RUN, PROBE, "state"]):
            execute = raw_environment(strings)
            seen.append(run(["x"], executable="/bin/true", preexec_fn=lambda e=execute, a=argv: e(a)))
        report(seen[0] == seen[1] and seen[0][0] == 0, f"the environment arrives to the byte: {name}", f"{seen[0]}\n{seen[1]}")


def inherited():
    def block_and_ignore():
        signal.pthread_sigmask(signal.SIG_SETMASK, {signal.SIGUSR1, signal.SIGRTMIN, signal.SIGCHLD})
        for number in (signal.SIGPIPE, signal.SIGHUP, signal.SIGCHLD, signal.SIGRTMAX):
            signal.signal(number, signal.SIG_IGN)

    def mask_of_libc():
        mask = ctypes.c_uint64(3 << 31)
        LIBC.syscall(14, 2, ctypes.byref(mask), None, 8)

    def limits():
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 100))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (1000, 2000))

    def limitless():
        for which in (resource.RLIMIT_CORE, resource.RLIMIT_STACK):
            hard = resource.getrlimit(which)[1]
            resource.setrlimit(which, (hard, hard))

    def closed():
        os.closerange(0, 1)
        os.closerange(2, 3)

    def open_files():
        for fd, flags in ((3, os.O_RDONLY), (7, os.O_RDWR | os.O_APPEND), (40, os.O_WRONLY | os.O_NONBLOCK)):
            os.dup2(os.open("/dev/null", flags), fd)

    state = [PROBE, "state"]
    same("blocked and ignored signals are inherited", state, preexec_fn=block_and_ignore)
    same("so are the two that libc keeps to itself", state, preexec_fn=mask_of_libc)
    same("so are resource limits", state, preexec_fn=limits)
    if SANITIZED:
        skip("so are core files and a stack as large as they may be", "a sanitizer's runtime limits them before main()")
    else:
        same("so are core files and a stack as large as they may be", state, preexec_fn=limitless)
    same("so is the umask", state, preexec_fn=lambda: os.umask(0o137))
    same("so is the nice value", state, preexec_fn=lambda: os.nice(5))
    same("so is the directory", state, cwd="/usr/lib")
    same("so is a session of its own", state, start_new_session=True)
    shared = run([*RUN, "sh", "-c", "ps -o pgid= -p $$; ps -o pgid= -p $PPID"], preexec_fn=os.setpgrp)[1].split()
    report(len(shared) == 2 and shared[0] == shared[1], "below a shell the program is of its job's group", shared)
    same("closed standard descriptors stay closed", state, preexec_fn=closed)
    same("other descriptors are passed on", state, preexec_fn=open_files, close_fds=False)


def statuses():
    # A shell that ends with each: one launcher for each of them.
    wrong = [n for n in range(256) if run(RUN + ["sh", "-c", f"exit {n}"])[0] != n]
    report(not wrong, "each exit status from 0 to 255 arrives", wrong)
    wrong = []
    for number in range(1, 65):
        if number in (signal.SIGCHLD, signal.SIGCONT, signal.SIGURG, signal.SIGWINCH, signal.SIGSTOP, signal.SIGTSTP,
                      signal.SIGTTIN, signal.SIGTTOU):
            continue
        bare, guarded = (run([*p, PROBE, "die", str(number)], cwd=WORK)[0] for p in ([], RUN))
        if not bare == guarded == -number:
            wrong.append((number, bare, guarded))
    report(not wrong, "each death by a signal arrives as that", wrong)


def not_found():
    plain = os.path.join(WORK, "plain")
    script = os.path.join(WORK, "script")
    bad = os.path.join(WORK, "bad")
    for path, text, mode in ((plain, "text", 0o644), (script, "echo no interpreter line\n", 0o755), (bad, "#!/nonexistent\n", 0o755)):
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
        os.chmod(path, mode)
    cases = [(["no-such-program"], 127, b"no-such-program: executable file not found in $PATH"), (["/no/such"], 127, b"/no/such"),
             ([bad], 127, b"interpreter"), ([plain], 126, b"Permission denied"), (["/"], 126, b"Is a directory"),
             ([script], 126, b"Exec format error"), ([""], 127, b"not found")]
    for argv, status, words in cases:
        got = run(RUN + argv)
        report(got[0] == status and words in got[2] and got[2].count(b"\n") == 1 and got[1] == b"",
               f"what cannot be run is said in a line and ends with {status}: {os.path.basename(argv[0])!r}", got)


def usage():
    for argv in ([], ["frobnicate"], ["run"], ["run", "--"], ["run", "--no-such", "--", "true"], ["run", "true"], ["run", "--exe"],
                 ["install"], ["install", "--from"], ["install", "--x", "/tmp"], ["--x"]):
        got = run([FARGUARD, *argv])
        ok = got[0] == 2 and got[2].startswith(b"farguard: ") and got[2].count(b"\n") == 1 and not got[1]
        report(ok, f"a usage error is one line and status 2: {argv}", got)
    version, help_text = run([FARGUARD, "version"]), run([FARGUARD, "--help"])
    report(version[0] == 0 and version[1].startswith(b"farguard "), "the version is said", version)
    report(help_text[0] == 0 and b"install" in help_text[1] and not help_text[2], "help is on stdout", help_text)
    with open("/dev/full", "wb") as full:
        done = subprocess.run([FARGUARD, "version"], stdout=full, check=False)
    report(done.returncode == 1, "what cannot be said is an error", done)


def everything():
    for part in (usage, arguments, environments, inherited, statuses, not_found):
        part()
    if IS_ROOT:
        same("a user without privileges is served", [PROBE, "state"], user=65534, group=65534, extra_groups=[], cwd="/")
    else:
        skip("a user without privileges is served", "needs root")
