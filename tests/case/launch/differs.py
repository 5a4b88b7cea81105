"""differs.py - all that a program can tell, bare and guarded; what differs is what injector/README.md says."""

import os
import re

from contained import Agent, end
from place import PAYLOAD, in_root, install
from world import FARGUARD, IS_ROOT, ROOT, SANITIZED, WORK, children, report, run, skip, start, until

ABOUT, STATIC, LADEN = (os.path.join(WORK, name) for name in ("about", "about-static", "laden"))
LIBRARY = "/.farguard/libfarguard.so"
# A launcher with a shared ASan runtime insists on being the first library.
PLAIN = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "ODD": "a\nb", "EMPTY": "", "ASAN_OPTIONS": "verify_asan_link_order=0"}

# The first column of the README's table, and the keys that about.c says otherwise there.  None: another test shows it.
TABLE = {
    "its number": r"pid|status\.(Tgid|Pid|NStgid|NSpid|NSpgid|NSsid)",
    "its parent": r"ppid|status\.PPid",
    "process 1": r"first\.comm.*",
    "processes": r"processes",
    "`FARGUARD_CONTAINER`": r"env FARGUARD_CONTAINER",
    "`LD_PRELOAD`": r"env LD_PRELOAD",
    "mounts": r"mount .*/(\.farguard|etc/ld\.so\.preload).*",
    "mappings": r"map\./\.farguard/libfarguard\.so",
    "parent's death": r"prctl\.pdeathsig",
    "orphans": None,
    "signals that it sends itself": None,
    "`^C`, `^Z`, hang-up": None,
    "who sent a signal": None,
    "`SIGSTOP` from outside": None,
    "arguments": None,
}


def said(output):
    """Key -> value of what about.c says; what two namespaces never share is left out."""
    values = {}
    for line in output.decode(errors="replace").splitlines():
        key, _, value = line.partition(" ")
        if key.startswith("env["):
            name, _, value = value.partition("=")
            key = "env " + name
        elif key.startswith("mountinfo["):
            fields = value.split("\\x20")
            key, value = f"mount {fields[4]}", " ".join(fields[3:4] + fields[5:6])
        elif key.startswith("link."):
            value = re.sub(r"\d", "", value) if "/" in key else re.sub("laden-[^ ]*", "laden", value)
        values[key] = value
    return values


def different(bare, guarded):
    keys = bare.keys() | guarded.keys()
    return {key: (bare.get(key), guarded.get(key)) for key in keys if bare.get(key) != guarded.get(key)}


def unexplained(differences):
    allowed = [re.compile(pattern) for pattern in TABLE.values() if pattern]
    return {key: values for key, values in differences.items() if not any(a.fullmatch(key) for a in allowed)}


def compare(name, bare, guarded, needed):
    """Two runs of about.c: nothing but the table's differs, and each of `needed` does."""
    values = [said(got[1]) for got in (bare, guarded)]
    differences = different(*values)
    left = unexplained(differences)
    missing = [key for key in needed if not any(re.fullmatch(TABLE[key], d) for d in differences)]
    ok = len(values[0]) > 150 and bare[0] == guarded[0] == 0 and bare[2] == guarded[2] and not left and not missing
    report(ok, f"{name}: nothing differs but what the table names", f"{left}\n{missing}\n{bare[2]}\n{guarded[2]}")


def entrypoints():
    guarded_env = {**PLAIN, "FARGUARD_CONTAINER": "web"}
    wrap = ["/.farguard/farguard", "run", "--"]
    always = ("its number", "its parent", "process 1", "processes", "`FARGUARD_CONTAINER`")
    loads = {"": [], "as root with all that can be inherited": [LADEN, "0"], "as a user with all that can be inherited": [LADEN, "1234"]}
    for load, prefix in loads.items() if not SANITIZED else [("", [])]:
        bare = run(in_root([*prefix, STATIC]), env=PLAIN)
        report("laden" not in bare[2].decode(), f"{load or 'ordinarily'}: all of it could be set", bare[2])
        compare(f"behind a command, {load or 'ordinarily'}", bare, run(in_root([*prefix, *wrap, STATIC]), env=guarded_env), always)
        bare = run(in_root([*prefix, ABOUT]), env=PLAIN)
        guarded = run(in_root([*prefix, "/usr/bin/env", "LD_PRELOAD=" + LIBRARY, ABOUT]), env=guarded_env)
        compare(f"wrapped by the library, {load or 'ordinarily'}", bare, guarded, (*always, "mappings", "`LD_PRELOAD`"))


def named():
    """What the library starts again keeps the name that it was executed by: a link's, a script's."""
    link, script = os.path.join(WORK, "a-link"), os.path.join(WORK, "a-script")
    os.symlink(ABOUT, link)
    with open(script, "w", encoding="ascii") as f:
        f.write(f"#!{ABOUT} one two\n")
    os.chmod(script, 0o755)
    for path in (link, script):
        bare = run(in_root([path, "x", ""]), env=PLAIN)
        guarded = run(in_root(["env", "LD_PRELOAD=" + LIBRARY, path, "x", ""]), env=PLAIN)
        compare(f"executed as {os.path.basename(path)}", bare, guarded, ("its number", "mappings"))


def sessions():
    """kubectl exec, into a container whose first process is guarded, and into a bare one."""
    got = {}
    for kind, prefix, env in (("bare", [], PLAIN), ("guarded", ["/.farguard/farguard", "run", "--"], {**PLAIN, "FARGUARD_CONTAINER": "web"})):
        process = start(in_root([*prefix, "/bin/sleep", "60"]), env=env)
        one = until(lambda: next((p for p in children(process.pid) if os.readlink(f"/proc/{p}/exe").endswith(("farguard", "sleep"))), None))
        if kind == "guarded":
            until(lambda: children(one))
        enter = ["nsenter", "-t", str(one), "-m", "-p", "-r", "--"]
        if kind == "guarded":
            enter += ["env", "LD_PRELOAD=" + LIBRARY]
        got[kind] = run([*enter, ABOUT], env=env)
        end(process)
    compare("an exec session", got["bare"], got["guarded"], ("its parent", "parent's death", "mappings"))


def documented():
    with open(os.path.join(ROOT, "injector", "README.md"), encoding="utf-8") as f:
        section = f.read().split("## What differs for the program\n")[1].split("\n## ")[0]
    rows = [line.split("|")[1].strip() for line in section.splitlines() if line.startswith("|")][2:]
    report(rows == list(TABLE), "the README's table is this one", f"{rows}\n{list(TABLE)}")


def everything():
    documented()
    if not IS_ROOT:
        skip("bare and guarded, a program can tell no difference but the table's", "needs root")
        return
    install()
    agent = Agent()  # so that no launcher waits for one
    for part in (entrypoints, named, sessions):
        part()
    agent.close()
