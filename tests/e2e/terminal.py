#!/usr/bin/env python3
"""terminal.py KUBE BARE GUARDED - what a person at a terminal sees, in two namespaces side by side.

KUBE is the multi-call program of the cluster.  Each scene is played in both at the same time, under a
pseudo-terminal of its own; their transcripts must be the same to the byte once the names are taken out.
Prints "ok - ..." and "not ok - ..." lines.
"""
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import threading
import time

IMAGE = "farguard.test/sample-glibc:dev"
RUN = ["--image", IMAGE, "--image-pull-policy=Never", "--restart=Never", "--grace-period=1"]
SHELL = ["env", "PS1=$ ", "HISTFILE=", "bash", "--norc", "--noprofile", "-i"]
SECONDS = 90
POD = """{apiVersion: v1, kind: Pod, metadata: {name: %s}, spec: {restartPolicy: Never, terminationGracePeriodSeconds: 1, containers: [
 {name: main, image: "%s", imagePullPolicy: Never, stdin: true, stdinOnce: %s, tty: %s, command: [%s]}]}}"""


class Terminal:
    """A command at a terminal of 24 x 80, and what it wrote since clear()."""

    def __init__(self, argv):
        self.master, slave = pty.openpty()
        self.resize(24, 80)
        self.process = subprocess.Popen(argv, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(slave)
        self.text, self.at = b"", 0

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def more(self, seconds):
        """Whether anything came."""
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            got = os.read(self.master, 4096)
        except OSError:
            got = b""
        self.text += got
        return bool(got)

    def expect(self, pattern, seconds=SECONDS):
        end = time.monotonic() + seconds
        while not re.search(pattern, self.text[self.at:]):
            if not self.more(0.2) and (time.monotonic() > end or self.process.poll() is not None and not self.more(0)):
                raise AssertionError(f"no {pattern!r} in {self.text[-600:]!r}")
        self.at += re.search(pattern, self.text[self.at:]).end()

    def type(self, keys):
        os.write(self.master, keys)

    def do(self, line, pattern=rb"\$ $"):
        """A line at the prompt, and what ends its output: the next prompt."""
        self.type(line + b"\r")
        self.expect(re.escape(line) + rb"\r?\n")
        self.expect(pattern)

    def begin(self):
        """From here on the transcript counts: who attaches may have missed the first prompt."""
        end = time.monotonic() + SECONDS
        while True:
            self.type(b"echo be''gin\r")
            try:
                self.expect(rb"begin\r\n.*\$ $", 5)
                break
            except AssertionError:
                if time.monotonic() > end or self.process.poll() is not None:
                    raise
        while self.more(1):
            pass  # answers to what was typed too early
        self.text, self.at = b"", 0

    def end(self):
        """The rest of what it writes, and its status."""
        stop = time.monotonic() + SECONDS
        while self.process.poll() is None and time.monotonic() < stop:
            self.more(0.2)
        while self.more(0.1):
            pass
        if self.process.poll() is None:
            self.process.kill()
        os.close(self.master)
        return self.process.wait()

    def hang_up(self):
        """The person closes the window."""
        self.process.kill()
        self.process.wait()
        os.close(self.master)


class Stage:
    """One namespace, and how to act in it."""

    def __init__(self, kube, namespace):
        self.kubectl = [kube, "kubectl", "-n", namespace]
        self.namespace = namespace

    def terminal(self, *words):
        return Terminal([*self.kubectl, *words])

    def call(self, *words, **options):
        options.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.run([*self.kubectl, *words], capture_output=True, text=True, timeout=SECONDS, check=False, **options)

    def pod(self, name, once, tty, command):
        words = ", ".join(f'"{word}"' for word in command)
        options = {"input": POD % (name, IMAGE, str(once).lower(), str(tty).lower(), words), "stdin": None}
        made = self.call("create", "-f", "-", **options)
        assert made.returncode == 0, made.stderr
        ready = self.call("wait", "--for=condition=Ready", "pod/" + name, f"--timeout={SECONDS}s")
        assert ready.returncode == 0, ready.stderr

    def ended(self, name):
        """The status that the container ended with."""
        path = "jsonpath={.status.containerStatuses[?(@.name=='main')].state.terminated.exitCode}"
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            code = self.call("get", "pod", name, "-o", path).stdout
            if code:
                return code
            time.sleep(0.3)
        return "runs"


def job_control(t):
    t.do(b"tty -s; echo tty=$?")
    t.do(b"echo 'no job control' $-")
    t.do(b"stty -a | head -n 3")
    t.type(b"sleep 100\r")
    t.expect(rb"sleep 100\r?\n")
    time.sleep(0.5)
    t.type(b"\x03")
    t.expect(rb"\$ $")
    t.do(b"echo status=$?", rb"status=130\r\n.*\$ $")
    t.type(b"sleep 100\r")
    t.expect(rb"sleep 100\r?\n")
    time.sleep(0.5)
    t.type(b"\x1a")
    t.expect(rb"Stopped.*\r\n.*\$ $")
    t.do(b"jobs")
    t.type(b"fg\r")
    t.expect(rb"fg\r?\n.*sleep 100\r\n")
    time.sleep(0.5)
    t.type(b"\x03")
    t.expect(rb"\$ $")
    t.do(b"echo status=$?", rb"status=130\r\n.*\$ $")


def sizes(t):
    """The size of the client's window, and each change of it, arrive."""
    for rows, columns in ((33, 77), (50, 120)):
        t.resize(rows, columns)
        end = time.monotonic() + SECONDS
        found = f"size {rows} {columns}".encode()
        while time.monotonic() < end:
            t.do(b"echo size $(stty size)")
            if found in t.text:
                break
            time.sleep(0.3)
        assert found in t.text, t.text[-400:]
    # How often it asked, and where the prompt was drawn anew, is the moment's.
    t.text, t.at = b"sizes seen", 0


def scene_run(stage):
    t = stage.terminal("run", "shell", "-it", "--rm", *RUN, "--command", "--", *SHELL)
    t.begin()
    job_control(t)
    t.type(b"exit 7\r")
    return t.end(), t.text


def scene_resize(stage):
    t = stage.terminal("run", "size", "-it", "--rm", *RUN, "--command", "--", *SHELL)
    t.begin()
    sizes(t)
    t.type(b"exit\r")
    t.end()
    return t.text.split(b"exit")[0]


def scene_exec(stage):
    stage.pod("target", False, False, ["sleep", "600"])
    t = stage.terminal("exec", "-it", "target", "-c", "main", "--", *SHELL)
    t.begin()
    job_control(t)
    t.type(b"exit 5\r")
    first = t.end(), t.text
    t = stage.terminal("exec", "-it", "target", "-c", "main", "--", *SHELL)
    t.begin()
    sizes(t)
    t.type(b"\x04")
    return first, t.end()


def scene_attach(stage):
    """Attached, left by closing the window, attached again, left by the shell's own end."""
    stage.pod("attached", False, True, SHELL)
    t = stage.terminal("attach", "-it", "attached", "-c", "main")
    t.begin()
    t.do(b"left=behind")
    t.hang_up()
    t = stage.terminal("attach", "-it", "attached", "-c", "main")
    t.begin()
    t.do(b"echo $left", rb"behind\r\n.*\$ $")
    job_control(t)
    t.type(b"exit 6\r")
    return t.end(), t.text, stage.ended("attached")


def scene_once(stage):
    """stdinOnce: when the first client goes, the program reads the end of its input."""
    stage.pod("once", True, False, ["sh", "-c", "cat; exit 4"])
    done = stage.call("attach", "-i", "once", "-c", "main", stdin=None, input="one line\n")
    return done.returncode, done.stdout, stage.ended("once")


def scene_piped(stage):
    done = stage.call("run", "piped", "-i", "--rm", *RUN, "--command", "--", "sh", "-c", "read x; sleep 1; echo out $x; echo err >&2; exit 9",
                      stdin=None, input="from a pipe\n")
    return done.returncode, done.stdout, done.stderr


def scene_debug(stage):
    stage.pod("patient", False, False, ["sleep", "600"])
    t = stage.terminal("debug", "-it", "patient", "--image", IMAGE, "--image-pull-policy=Never", "-c", "doctor", "--", *SHELL)
    t.begin()
    job_control(t)
    t.type(b"exit 3\r")
    return t.end(), t.text


SCENES = {
    "kubectl run -it: prompts, ^C, ^Z, fg, status": scene_run,
    "kubectl run -it: the size of the window, and its changes": scene_resize,
    "kubectl exec -it: the same, job control and size": scene_exec,
    "kubectl attach -it: left, attached again, ended": scene_attach,
    "kubectl attach -i with stdinOnce: the end of input": scene_once,
    "kubectl run -i --rm with piped input: output and status": scene_piped,
    "kubectl debug -it: an ephemeral container's terminal": scene_debug,
}


def plain(value, namespace):
    """Without names, and without what kubectl itself says about how many containers there are."""
    if isinstance(value, tuple):
        return tuple(plain(v, namespace) for v in value)
    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    text = re.sub(r"Defaulted container [^\n]*\n", "", text).replace(namespace, "NAMESPACE")
    # Of a client that came late: it asks for a key, or the log is shown instead.
    return re.sub(r"(If you don't see a command prompt|All commands and output|warning: couldn't attach)[^\n]*\n", "", text)


def play(scene, stages):
    results = [None, None]

    def one(i):
        try:
            results[i] = plain(scene(stages[i]), stages[i].namespace)
        except (AssertionError, OSError, subprocess.TimeoutExpired) as e:
            results[i] = f"{type(e).__name__}: {e}"[:900]

    threads = [threading.Thread(target=one, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def main():
    stages = [Stage(sys.argv[1], namespace) for namespace in sys.argv[2:4]]
    failed = 0
    for name, scene in SCENES.items():
        bare, guarded = play(scene, stages)
        ok = bare == guarded and isinstance(bare, (tuple, str)) and not str(bare).startswith(("AssertionError", "OSError", "Timeout"))
        failed += not ok
        print(f"{'ok' if ok else 'not ok'} - terminal: {name}", flush=True)
        if not ok:
            print(f"#   bare    {bare!r}\n#   guarded {guarded!r}", flush=True)
    sys.exit(1 if failed else 0)


main()
