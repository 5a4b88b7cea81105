#!/usr/bin/python3
"""run.py - the preload library against real programs: each runs bare and with the library.

Output and status must be the same; the records must be what the case expects.  TAP on stdout.
FARGUARD_BUILD names the build directory, else FARGUARD_MODE the mode (release).
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
INSIDE = "FARGUARD_TRACE_TEST_INSIDE"
if INSIDE not in os.environ and os.geteuid() == 0:
    # The ring's address is one of the network namespace: whatever else runs on this machine has its own.
    os.environ[INSIDE] = "1"
    os.execvp("unshare", ["unshare", "--net", "--", "sh", "-c", 'ip link set lo up && exec "$0" "$@"', sys.executable, os.path.abspath(__file__), *sys.argv[1:]])
os.environ.pop(INSIDE, None)
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(ROOT, os.environ.get("FARGUARD_BUILD") or "build/" + os.environ.get("FARGUARD_MODE", "release"))
LIBRARY = os.path.join(BUILD, "lib", "libfarguard.so")
FLAG_CUT, FLAG_IN_PROGRESS, FLAG_SPAWNED = 1, 16, 32
number = failures = 0


def report(ok, name, why=""):
    global number, failures
    number += 1
    failures += not ok
    print(f"{'ok' if ok else 'not ok'} {number} - {name}", flush=True)
    for line in str(why).splitlines()[:20] if not ok else []:
        print(f"# {line}")


def skip(name, why):
    global number
    number += 1
    print(f"ok {number} - {name} # SKIP {why}", flush=True)


class Run:
    """One program, bare or with the library in front of it."""

    def __init__(self, work, argv, preload=None, env=None, host_env=None):
        env = dict(os.environ if env is None else env)
        self.records = []
        out = os.path.join(work, "records")
        if preload is not None:
            # The host itself stays bare: env(1) puts the variable into its child only.
            argv = ["env", "LD_PRELOAD=" + preload, *argv]
            argv = [os.path.join(work, "host"), out, "--", *argv]
            env.update(host_env or {})
        self.result = subprocess.run(argv, cwd=work, env=env, capture_output=True, timeout=60)
        if preload is not None:
            with open(out, encoding="utf-8") as f:
                self.records = [json.loads(line) for line in f]
            self.dropped = self.records.pop()["dropped"]

    def seen(self):
        return self.result.returncode, self.result.stdout, self.result.stderr

    def of(self, kind):
        return [r for r in self.records if r["kind"] == kind]

    def programs(self):
        return [r["text"][2:] for r in self.of("done")]


def build(work):
    """The host and the programs; returns what could be built: {"glibc": path, "musl": path...}."""
    sources = ["injector/ring/ring.c", "injector/event/record.c", "injector/base/jsonw.c", "injector/base/err.c"]
    cc = ["gcc", "-O1", "-D_GNU_SOURCE", "-I", ROOT]
    subprocess.run([*cc, "-o", f"{work}/host", f"{HERE}/host.c", *[f"{ROOT}/{s}" for s in sources]], check=True)
    built = {}
    for name, compiler in {
        "glibc": ["gcc", "-pthread"],
        "non-pie": ["gcc", "-pthread", "-no-pie"],
        "fortified": ["gcc", "-pthread", "-O2", "-D_FORTIFY_SOURCE=2"],
        "bind-now": ["gcc", "-pthread", "-Wl,-z,now"],
        "sysv-hash": ["gcc", "-pthread", "-Wl,--hash-style=sysv"],
        "asan": ["gcc", "-pthread", "-fsanitize=address"],
        "musl": ["musl-gcc"],
        "static": ["gcc", "-pthread", "-static"],
    }.items():
        if not shutil.which(compiler[0]):
            continue
        path = f"{work}/calls-{name}"
        subprocess.run([*compiler, "-w", "-O1", "-D_GNU_SOURCE", "-o", path, f"{HERE}/calls.c"], check=True)
        built[name] = path
    return built


def paths(run):
    return [(os.path.basename(r["text"][0]), r["result"] >= 0 or r["result"]) for r in run.of("open")]


def check_exec_family(run):
    tries = [r["text"][2:] for r in run.of("try")]
    assert len(tries) == 7 and len(run.of("done")) == 8, run.records
    assert tries[0] == ["echo", "one two", ""] and tries[3] == ["echo", "l"] and tries[4] == ["echo", "lp"], tries
    assert all(r["text"][0].endswith("bin/echo") for r in run.of("try")), run.of("try")
    assert run.programs().count(["echo", "one two", ""]) == 4, run.programs()


def check_exec_fails(run):
    assert [r["result"] for r in run.of("fail")] == [-2, -2, -13, -14, -14, -14, -2], run.of("fail")
    assert len(run.of("done")) == 1, run.records


def check_spawn(run):
    tries = run.of("try")
    done = {r["pid"]: r for r in run.of("done")}
    assert len(tries) == 2 and all(r["flags"] & FLAG_SPAWNED for r in tries), tries
    assert all(r["time"] < done[r["pid"]]["time"] for r in tries), run.records
    assert all(r["text"][0].endswith("/echo") for r in tries), tries


def check_vfork(run):
    assert run.programs()[-1] == ["echo", "one two", ""], run.records
    assert run.of("try")[0]["pid"] == run.of("done")[-1]["pid"], run.records


def check_many_arguments(run):
    for record in (run.of("try")[0], run.of("done")[-1]):
        assert record["flags"] & FLAG_CUT and record["text"][2] == "true" and len(record["text"]) > 800, record


def check_listed_arguments(run):
    assert run.programs()[-1] == ["echo", *"abcdefghij" * 8], run.programs()


def check_opens(run):
    assert paths(run) == [
        ("new", True), ("new", -17), ("new", True), ("such", -2), ("", -2), (".", True), ("made", True),
        ("inner", True), ("inner", -9), ("stream", True), ("stream", True), ("such", -2),
    ], paths(run)  # fmt: skip
    cwds = [r["text"][1] for r in run.of("open")]
    assert os.path.basename(cwds[7]) == "sub" and cwds[8] == "", cwds
    assert run.of("open")[0]["arg1"] == 0o640, run.of("open")[0]


def check_modes(run):
    assert run.of("open")[0]["arg1"] == 0o751, run.records


def check_connects(run):
    assert [(r["family"], r["result"]) for r in run.of("connect")] == [(2, -111), (1, -2)], run.of("connect")
    assert run.of("connect")[0]["dst"] == "127.0.0.1" and run.of("connect")[0]["dport"] == 1, run.records


def check_threads(run):
    assert len(run.of("open")) + run.dropped == 1600, (len(run.of("open")), run.dropped)


def check_fork(run):
    null, zero = run.of("open")
    assert null["pid"] != zero["pid"] and zero["text"][0] == "/dev/zero", run.records


def check_small_stack(run):
    assert len(run.of("open")) == 1, run.records


def check_closes_everything(run):
    assert run.programs()[-1] == ["echo", "one two", ""], run.records


def check_descriptors(run):
    assert len(run.of("done")) == 1, run.records


def check_identities(run):
    first, second = run.of("open")
    assert os.geteuid() != 0 or (first["uid"] == 0 and second["uid"] == 33), run.records


def check_killed(run):
    assert len(run.of("open")) == 1, run.records


CASES = {
    "exec-family": check_exec_family,
    "exec-fails": check_exec_fails,
    "spawn": check_spawn,
    "vfork": check_vfork,
    "many-arguments": check_many_arguments,
    "listed-arguments": check_listed_arguments,
    "opens": check_opens,
    "modes": check_modes,
    "connects": check_connects,
    "threads": check_threads,
    "fork": check_fork,
    "small-stack": check_small_stack,
    "closes-everything": check_closes_everything,
    "descriptors": check_descriptors,
    "identities": check_identities,
    "killed": check_killed,
}


def run_calls(work, built):
    for flavour, program in built.items():
        for case, check in CASES.items():
            if flavour == "asan" and case in ("closes-everything", "exec-fails", "small-stack"):
                continue  # its runtime reports them, bare as well
            # A shared ASan runtime insists on being the first library, whatever the other one is.
            env = dict(os.environ, ASAN_OPTIONS="verify_asan_link_order=0:detect_leaks=0")
            bare = Run(work, [program, case], env=env)
            guarded = Run(work, [program, case], preload=LIBRARY, env=env)
            name = f"{flavour}: {case}: the same as bare"
            report(bare.seen() == guarded.seen(), name, f"{bare.seen()}\n{guarded.seen()}")
            if flavour == "static":
                continue  # nothing in it to interpose
            try:
                check(guarded)
                report(True, f"{flavour}: {case}: recorded")
            except (AssertionError, IndexError, KeyError, ValueError) as e:
                report(False, f"{flavour}: {case}: recorded", f"{type(e).__name__} {e}")


PROGRAMS = {
    "sh": ["sh", "-c", "ls / >/dev/null; (exit 3); echo $?; cat </dev/null | wc -c; exit 5"],
    "bash": ["bash", "-c", "trap 'echo bye' EXIT; for i in 1 2 3; do /bin/echo $i; done; kill -TERM $$"],
    "python": ["/usr/bin/python3", "-c", "import subprocess as s; print(s.run(['/bin/echo', 'x']).returncode)"],
    "perl": ["perl", "-e", 'system("/bin/echo", "from perl"); print `/bin/echo quoted`; exit 3'],
    "find": ["find", "/etc/hostname", "-exec", "/bin/echo", "{}", ";"],
    "env -i": ["env", "-i", "/bin/echo", "no environment"],
    "git": ["git", "--version"],
    "tar": ["sh", "-c", "tar -cf - /etc/hostname 2>/dev/null | tar -tf -"],
}


def run_programs(work):
    for name, argv in PROGRAMS.items():
        if not shutil.which(argv[0]):
            skip(f"program: {name}", f"{argv[0]} is not installed")
            continue
        bare = Run(work, argv)
        guarded = Run(work, argv, preload=LIBRARY)
        report(bare.seen() == guarded.seen(), f"program: {name}: the same as bare", f"{bare.seen()}\n{guarded.seen()}")
        report(len(guarded.of("done")) >= 1, f"program: {name}: recorded", guarded.records)


def run_other_interposers(work):
    """Another library before or behind ours still gets its calls."""
    with open(f"{work}/other.c", "w", encoding="utf-8") as f:
        f.write(
            "#include <dlfcn.h>\n#include <stdarg.h>\n#include <unistd.h>\n"
            "int open(const char *p, int flags, ...) { va_list a; va_start(a, flags); int m = va_arg(a, int); va_end(a);\n"
            'if (write(2, "other\\n", 6) < 0) return -1;\n'
            'return ((int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open"))(p, flags, m); }\n'
        )
    other = f"{work}/other.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-w", "-D_GNU_SOURCE", "-o", other, f"{work}/other.c"], check=True)
    for name, preload in {"before": f"{other}:{LIBRARY}", "behind": f"{LIBRARY}:{other}"}.items():
        run = Run(work, [f"{work}/calls-glibc", "opens"], preload=preload)
        report(run.result.stderr.count(b"other\n") == 9, f"another library {name} ours is called", run.result.stderr)
        report(len(run.of("open")) == 12, f"another library {name} ours: all is recorded", run.records)


def run_without_launcher(work):
    """Nobody listens, or nobody answers: the program runs as ever, within bounds."""
    argv = [f"{work}/calls-glibc", "opens"]
    bare = Run(work, argv)
    for name in ("HOST_NO_RING", "HOST_MUTE"):
        run = Run(work, argv, preload=LIBRARY, host_env={name: "1"})
        report(bare.seen() == run.seen(), f"{name}: the same as bare", f"{bare.seen()}\n{run.seen()}")
        report(not run.records, f"{name}: nothing is recorded", run.records)


def run_many(work):
    argv = ["sh", "-c", "for i in $(seq 100); do /bin/true $i & done; wait"]
    run = Run(work, argv, preload=LIBRARY)
    started = sorted(int(p[1]) for p in run.programs() if p[0] == "/bin/true")
    report(started == list(range(1, 101)), "100 processes at a time: all are recorded", started)


def run_chroot(work):
    if os.geteuid() != 0:
        return skip("a chroot without /proc", "needs root")
    root = f"{work}/root"
    os.makedirs(root, exist_ok=True)
    shutil.copy(f"{work}/calls-static", f"{root}/static")
    code = f"import os; os.chroot({root!r}); os.chdir('/'); os.execv('/static', ['static', 'opens'])"
    argv = ["/usr/bin/python3", "-c", code]
    bare, run = Run(work, argv), Run(work, argv, preload=LIBRARY)
    report(bare.seen() == run.seen(), "a chroot without /proc: the same as bare", f"{bare.seen()}\n{run.seen()}")
    return None


def run_shape():
    dynamic = subprocess.run(["readelf", "-d", LIBRARY], capture_output=True, text=True, check=True).stdout
    report("NEEDED" not in dynamic and "TLS" not in dynamic, "the library needs no other, and no TLS", dynamic)
    symbols = subprocess.run(["nm", "-D", LIBRARY], capture_output=True, text=True, check=True).stdout
    strong = [line for line in symbols.splitlines() if " U " in line]
    report(not strong, "what it takes from a C library it can do without", strong)
    size = sum(int(w) for w in subprocess.run(["size", LIBRARY], capture_output=True, text=True, check=True)
               .stdout.splitlines()[1].split()[:3])  # fmt: skip
    report(size < 40 * 1024, "it is small", size)


def main():
    if not os.path.exists(LIBRARY):
        report(False, "the library is built", LIBRARY)
    else:
        with tempfile.TemporaryDirectory() as work:
            built = build(work)
            if "musl" not in built:
                skip("musl", "musl-gcc is not installed")
            run_shape()
            run_calls(work, built)
            run_programs(work)
            run_other_interposers(work)
            run_without_launcher(work)
            run_many(work)
            run_chroot(work)
    print(f"1..{number}")
    return 1 if failures else 0


sys.exit(main())
