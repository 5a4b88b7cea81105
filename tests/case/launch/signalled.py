"""signalled.py - signals, stops, orphans, terminals."""

import os
import pty
import re
import select
import signal
import subprocess
import time

from world import FARGUARD, LIBC, PROBE, RUN, WORK, children, program_of, report, run, start, until


def lines(process, count):
    return [process.stdout.readline().decode().split() for _ in range(count)]


def forwarded():
    process = start([*RUN, PROBE, "heard"])
    lines(process, 1)
    numbers = [n for n in range(1, 65) if n not in (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM)]
    wrong = []
    for number in numbers:
        LIBC.kill(process.pid, number)
        got = lines(process, 1)[0]
        if got != ["heard", str(number)]:
            wrong.append((number, got))
            break
    report(not wrong, "each signal that can be caught reaches the program", wrong)
    process.send_signal(signal.SIGTERM)
    report(lines(process, 1) == [["heard", "15"]] and process.wait(5) == 7, "SIGTERM too, and the program decides")
    process.stdout.close()


def killed():
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGRTMIN):
        process = start([*RUN, "sleep", "60"])
        program_of(process.pid)
        process.send_signal(number)
        report(process.wait(5) == -number, f"a program without a handler dies of {signal.Signals(number).name}", process.returncode)
        process.stdout.close()
    process = start([*RUN, "sleep", "60"])
    program = program_of(process.pid)
    process.kill()
    process.wait(5)
    report(until(lambda: not os.path.exists(f"/proc/{program}")), "the program does not outlive a launcher that is killed")
    process.stdout.close()


def status_letter(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        return f.read().rsplit(")", 1)[1].split()[0]


def stopped():
    # A group of its own, as a shell's job: the kernel stops none that has no parent in its session.
    process = start([*RUN, "sleep", "60"], process_group=0)
    program = program_of(process.pid)
    os.kill(process.pid, signal.SIGTSTP)
    report(until(lambda: status_letter(program) == "T"), "SIGTSTP stops the program", status_letter(program))
    os.kill(process.pid, signal.SIGCONT)
    report(until(lambda: status_letter(program) == "S"), "SIGCONT lets it go on", status_letter(program))
    os.kill(program, signal.SIGSTOP)
    until(lambda: status_letter(program) == "T")
    report(status_letter(process.pid) != "T", "what stops the program alone leaves the launcher running")
    os.kill(program, signal.SIGCONT)
    process.terminate()
    report(process.wait(5) == -signal.SIGTERM, "and it ends as it should afterwards", process.returncode)
    process.stdout.close()


def orphans():
    process = start([*RUN, PROBE, "storm", "2000"], stderr=subprocess.PIPE)
    _, errors = process.communicate(timeout=120)
    report(process.returncode == 0 and not errors, "two thousand orphans are reaped", (process.returncode, errors))
    process = start([*RUN, "sh", "-c", f"{PROBE} storm 200; echo done; exec sleep 60"])
    process.stdout.readline()
    left = until(lambda: len(children(process.pid)) == 2)  # the program, and the launcher's worker
    report(left, "none of them is left behind", children(process.pid))
    process.terminate()
    process.communicate(timeout=5)
    file = os.path.join(WORK, "daemon")
    process = start([*RUN, "sh", "-c", f"{PROBE} daemon {file}; exec sleep 60"])
    until(lambda: os.path.exists(file) and os.path.getsize(file) > 0)
    with open(file, encoding="ascii") as f:
        parent = f.read()
    report(parent == str(process.pid), "a daemon becomes the launcher's child", (parent, process.pid))
    process.terminate()
    process.communicate(timeout=5)


def quiet():
    """Whoever waits for the end of the program's output does not wait for the launcher."""
    ends = os.pipe()
    process = subprocess.Popen([*RUN, PROBE, "stay"], stdout=ends[1], stderr=ends[1], stdin=subprocess.PIPE, pass_fds=[ends[1]])
    os.close(ends[1])
    ready = select.select([ends[0]], [], [], 5)[0]
    report(ready and os.read(ends[0], 1) == b"", "output that the program closed is closed")
    broken = until(lambda: breaks(process.stdin))
    report(broken, "so is its input")
    process.terminate()
    process.wait(5)
    os.close(ends[0])


def breaks(pipe):
    try:
        os.write(pipe.fileno(), b"x")
        return False
    except BrokenPipeError:
        return True


class Terminal:
    """A command as the leader of a session with a terminal, like `kubectl run -it`."""

    def __init__(self, argv):
        self.text = b""
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.execv(argv[0], argv)

    def expect(self, pattern, seconds=5):
        end = time.monotonic() + seconds
        while not re.search(pattern, self.text):
            if time.monotonic() > end or not select.select([self.master], [], [], 0.2)[0]:
                if time.monotonic() > end:
                    return False
                continue
            try:
                self.text += os.read(self.master, 4096)
            except OSError:
                return bool(re.search(pattern, self.text))
        self.text = self.text[re.search(pattern, self.text).end():]
        return True

    def type(self, keys):
        os.write(self.master, keys)

    def status(self):
        status = [None]

        def ended():
            pid, status[0] = os.waitpid(self.pid, os.WNOHANG)
            return pid

        return os.waitstatus_to_exitcode(status[0]) if until(ended) else "runs"

    def close(self):
        os.close(self.master)


def terminal():
    for name, prefix in (("bare", []), ("guarded", [FARGUARD, "run", "--"])):
        t = Terminal([*prefix, PROBE, "terminal"])
        ok = t.expect(rb"foreground 1\r\nleader 1\r\nsession 1\r\nready \d+\r\n")
        report(ok, f"{name}: the program leads the session and owns the terminal", t.text)
        time.sleep(0.05)
        t.type(b"\x03")
        ok = t.expect(rb"heard 2\r\n") and t.text == b""
        report(ok, f"{name}: ^C is one SIGINT, and nothing came before", t.text)
        LIBC.syscall(16, t.master, 0x5414, b"\x28\0\x50\0\0\0\0\0")  # TIOCSWINSZ
        report(t.expect(rb"heard 28\r\n"), f"{name}: a new size is SIGWINCH", t.text)
        t.type(b"\x1c")
        report(t.expect(rb"heard 3\r\n") and t.status() == 9, f"{name}: the status arrives", t.text)
        t.close()
        t = Terminal([*prefix, "/bin/sleep", "60"])
        until(lambda: children(t.pid) or not prefix)
        time.sleep(0.1)
        t.close()
        report(t.status() == -signal.SIGHUP, f"{name}: a terminal that goes away ends the program")


def shell():
    env = "env PS1='$ ' HISTFILE= "
    for name, prefix in (("bare", ""), ("guarded", FARGUARD + " run -- ")):
        t = Terminal(["/bin/sh", "-c", f"exec {prefix}{env}bash --norc -i"])
        ok = t.expect(rb"\$ $")
        report(ok and b"job control" not in t.text, f"{name}: a shell has job control", t.text)
        t.type(b"sleep 60\n")
        time.sleep(0.2)
        t.type(b"\x1a")
        report(t.expect(rb"Stopped"), f"{name}: ^Z stops a job of the shell", t.text)
        t.type(b"fg\n")
        time.sleep(0.2)
        t.type(b"\x03")
        t.type(b"echo st=$?\n")
        report(t.expect(rb"st=130"), f"{name}: fg and ^C work", t.text)
        t.type(b"exit 4\n")
        report(t.status() == 4, f"{name}: the shell's status arrives")
        t.close()
    t = Terminal(["/bin/bash", "--norc", "-i"])
    t.type(f"PS1='$ '; {FARGUARD} run -- sleep 60\n".encode())
    time.sleep(0.4)
    t.type(b"\x1a")
    report(t.expect(rb"Stopped"), "^Z stops the launcher with its program, as a job", t.text)
    t.type(b"fg\n")
    time.sleep(0.2)
    t.type(b"\x03")
    t.type(b"echo st=$?\n")
    report(t.expect(rb"st=130"), "fg and ^C work on it", t.text)
    t.type(b"exit\n")
    t.status()
    t.close()


def everything():
    for part in (forwarded, killed, stopped, orphans, quiet, terminal, shell):
        part()
    report(run(RUN + ["true"])[0] == 0, "and it still works")
