#!/usr/bin/python3
"""manual_test.py - man pages and completion say what the programs' own tables say, and `make install` brings them.

TAP on stdout.  FARGUARD_BUILD names the build directory, else FARGUARD_MODE the mode (release).
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from tap import end, report, skip

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(ROOT, os.environ.get("FARGUARD_BUILD") or "build/" + os.environ.get("FARGUARD_MODE", "release"))
BIN = os.path.join(BUILD, "bin")
PROGRAM = os.path.join(BIN, "farguardctl")
PAGE = os.path.join(ROOT, "webhook/ctl/farguardctl.1")
WEBHOOK_PAGE = os.path.join(ROOT, "webhook/admit/farguard-webhook.8")
BASH, ZSH = os.path.join(ROOT, "webhook/ctl/farguardctl.bash"), os.path.join(ROOT, "webhook/ctl/_farguardctl")
FLAG = re.compile(r"(?<![\w/-])--?[A-Za-z][a-z-]*")


def run(*args, **more):
    more.setdefault("input", "")
    return subprocess.run(args, capture_output=True, text=True, timeout=120, check=False, **more)


def help_of(*words):
    return run(PROGRAM, "help", *words).stdout


def verbs():
    """Of the list of all verbs the first column."""
    return [line[2:17].strip() for line in help_of().splitlines() if re.match(r"  [a-z]", line)]


def rows_of(text):
    """Long name -> short name or None, of help's options."""
    return {long: short for short, long in re.findall(r"^  (?:(-\w), |    )(--[a-z-]+)", text, re.M)}


def plain(path):
    """A page as text, each paragraph on a line of its own, without overstriking."""
    text = run("mandoc", "-T", "ascii", "-O", "width=800", path).stdout
    return re.sub(r".\x08", "", text)


def section(text, name):
    return re.search(rf"^{name}\n(.*?)(?=^\S|\Z)", text, re.S | re.M).group(1)


def check_page_sources():
    for path in (PAGE, WEBHOOK_PAGE):
        name = os.path.basename(path)
        for tool, args in (("mandoc", ("-T", "lint")), ("groff", ("-man", "-ww", "-z", "-Tutf8"))):
            if not shutil.which(tool):
                skip(f"{name}: {tool} is content", f"no {tool}")
                continue
            result = run(tool, *args, path)
            report(result.returncode == 0 and not result.stdout + result.stderr, f"{name}: {tool} is content",
                   result.stdout + result.stderr)


def check_page():
    text = plain(PAGE)
    synopsis = {}
    for line in section(text, "SYNOPSIS").splitlines():
        if match := re.match(r"\s+farguardctl ([a-z ]+?)(?= \[|$)", line):
            synopsis[match.group(1)] = line
    report(set(synopsis) == set(verbs()) | {"help"}, "the page has every verb", (sorted(synopsis), verbs()))
    names = {}
    for verb in verbs():
        options = rows_of(help_of(*verb.split()))
        names.update(options)
        wanted = {short or long for long, short in options.items()} - {"-h"}
        got = set(FLAG.findall(synopsis.get(verb, "")))
        report(got == wanted, f"the page has the options of {verb}", f"page {sorted(got)}\nhelp {sorted(wanted)}")
        error = re.search(r"not one of ([a-z, ]+);", run(PROGRAM, *verb.split(), "-o", "?").stderr)
        formats = re.search(r"\[-o ([a-z|]+)\]", synopsis.get(verb, ""))
        report((formats.group(1).split("|") if formats else None) == (error.group(1).split(", ") if error else None),
               f"the page has the formats of {verb}", (formats, error))
        report(f"\n   {verb}\n" in text, f"the page says what {verb} does")
    listed = {long: short or None for short, long in
              re.findall(r"^ {7}(?:(-\w), )?(--[a-z-]+)", section(text, "OPTIONS"), re.M)}
    report(listed == {k: v or None for k, v in names.items()}, "the page explains every option", (listed, names))
    statuses = re.findall(r"^ {7}(\d)", section(text, "EXIT STATUS"), re.M)
    said = re.findall(r"\b(\d) (?:done|usage|bad|cluster|internal)", " ".join(help_of().split()))
    report(statuses == said == list("012345"), "the page has every exit status", (statuses, said))
    version = run(PROGRAM, "version").stdout.split()[1]
    for path in (PAGE, WEBHOOK_PAGE):
        with open(path, encoding="utf-8") as f:
            report(f'"Farguard {version}"' in f.read(), f"{os.path.basename(path)} is of this version", version)


def check_webhook_page():
    text = plain(WEBHOOK_PAGE)
    listed = set(re.findall(r"^ {7}(?:-\w, )?(--[a-z-]+)", section(text, "OPTIONS"), re.M))
    help_ = run(os.path.join(BIN, "farguard-webhook"), "--help").stdout
    wanted = set(rows_of(help_))
    report(listed == wanted and wanted, "the webhook's page explains every option", f"page {listed}\nhelp {wanted}")
    statuses = set(re.findall(r"^ {7}(\d)", section(text, "EXIT STATUS"), re.M))
    said = set(re.findall(r"\b(\d) (?:ended|the probe|usage|bad|no cluster|internal)", " ".join(help_.split())))
    report(statuses == said and said, "the webhook's page has every exit status", (statuses, said))


def bash_completes(line, cwd):
    script = f'. "{BASH}"; COMP_LINE=$1 COMP_POINT=${{#1}}; _farguardctl "$2"; printf "%s\\n" "${{COMPREPLY[@]}}"'
    result = run("bash", "-c", script, "bash", line, PROGRAM, cwd=cwd)
    return result.stdout.split("\n")[:-1] if result.stdout.strip() else []


def zsh_completes(line, cwd):
    """What the function would tell zsh's own functions."""
    script = f"""compset() {{ }}; compdef() {{ }}; _files() {{ print -r -- files "$@" }}; _describe() {{ (( ! ${{(P)#2}} )) || print -rl -- "${{(@P)2}}" }}
source "{ZSH}"; words=("$@"); CURRENT=$#; _farguardctl"""
    words = line.split(" ")
    result = run("zsh", "-fc", script, "zsh", PROGRAM, *words[1:], cwd=cwd)
    return [text.split(":")[0] for text in result.stdout.splitlines()] + result.stderr.splitlines()


def check_shell(name, completes, work):
    firsts = sorted({verb.split()[0] for verb in verbs()} | {"help"})
    got = completes("farguardctl ", work)
    report(sorted(got) == firsts, f"{name} completes every verb", (got, firsts))
    report(completes("farguardctl uni", work) == ["uninject"], f"{name} completes a verb")
    report(completes("farguardctl config ", work) == ["check"], f"{name} completes a verb's second word")
    report(sorted(completes("farguardctl help ", work)) == firsts, f"{name} completes the verbs behind help")
    for verb in verbs():
        options = sorted(rows_of(help_of(*verb.split())))
        got = sorted(completes(f"farguardctl {verb} --", work))
        report(got == options, f"{name} completes the options of {verb}", (got, options))
    report(completes("farguardctl inject -f x -o p", work) == ["patch"], f"{name} completes a format")
    report(completes("farguardctl explain --color=a", work) == ["auto", "always"], f"{name} completes a value behind =")
    report(completes("farguardctl version --color ", work) == [], f"{name} offers nothing where nothing belongs")
    report(completes("farguardctl frob ", work) == [], f"{name} offers nothing behind a verb that is none")
    report(completes("farguardctl explain -n --col", work) == [], f"{name} takes no value for an option")
    report(completes("farguardctl inject -- --", work) == [], f"{name} offers no option behind --")


def check_files(work):
    for name in ("a.yaml", "b.json", "c.txt", "a b.yml"):
        with open(os.path.join(work, name), "w", encoding="utf-8"):
            pass
    os.mkdir(os.path.join(work, "d"))
    for line in ("farguardctl inject -f ", "farguardctl inject ", "farguardctl explain --config=", "farguardctl inject -- "):
        got = sorted(bash_completes(line, work))
        report(got == ["a b.yml", "a.yaml", "b.json", "d"], f"bash completes manifests: {line}", got)
    report(bash_completes("farguardctl inject a.", work) == ["a.yaml"], "bash completes the name of a file")
    annotation = bash_completes("farguardctl inject --namespace-annotation farguard.io/inject=e", work)
    report(annotation == ["enabled"], "bash replaces what stands behind =", annotation)


def check_names(work):
    for name in ("kubectl-farguard", "kubectl_complete-farguard"):
        os.symlink(PROGRAM, os.path.join(work, name))
    help_ = run(os.path.join(work, "kubectl-farguard"), "help", "inject").stdout
    report(help_.startswith("usage: kubectl farguard inject ") and "farguardctl" not in help_, "a plugin's help", help_)
    error = run(os.path.join(work, "kubectl-farguard"), "inject", "--frob").stderr
    report(error.endswith("; see kubectl farguard help inject\n"), "a plugin's errors say whose help there is", error)
    for line, wanted in ((("expl",), "explain\tsay whether workloads are guarded, why, and what it costs\n:4\n"),
                         (("help", "ver"), "version\tprint the version\n:4\n"),
                         (("inject", "-f", ""), "yaml\nyml\njson\n:8\n"), ((), ":4\n")):
        got = run(os.path.join(work, "kubectl_complete-farguard"), *line).stdout
        report(got == wanted, f"kubectl is told what completes {' '.join(line)!r}", got)


def check_install(work):
    result = run("make", "-s", "-C", ROOT, f"MODE={os.path.basename(BUILD)}", "install-files", f"DESTDIR={work}", "PREFIX=/usr",
                 env={k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")})
    missing = [name for name in (
        "bin/farguardctl", "bin/farguard-webhook", "bin/kubectl-farguard", "bin/kubectl_complete-farguard",
        "lib/farguard/libfarguard.so", "share/man/man1/farguardctl.1", "share/man/man8/farguard-webhook.8",
        "share/bash-completion/completions/farguardctl", "share/zsh/site-functions/_farguardctl")
        if not os.path.exists(os.path.join(work, "usr", name))]
    report(result.returncode == 0 and not missing, "make install brings pages, completions and the plugin's names",
           f"{missing}\n{result.stderr}")
    help_ = run(os.path.join(work, "usr/bin/kubectl-farguard"), "help")
    report(help_.stdout.startswith("usage: kubectl farguard "), "what was installed is a plugin", help_)


def main():
    check_page_sources()
    if shutil.which("mandoc"):
        check_page()
        check_webhook_page()
    else:
        skip("the pages say what the programs do", "no mandoc")
    with tempfile.TemporaryDirectory() as work:
        check_shell("bash", bash_completes, work)
        check_files(work)
        if shutil.which("zsh"):
            check_shell("zsh", zsh_completes, work)
        else:
            skip("zsh completes", "no zsh")
        check_names(work)
        check_install(work)
    sys.exit(end())


main()
