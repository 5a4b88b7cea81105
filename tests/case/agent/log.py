"""log.py - standard output that is closed, given up, or read by nobody."""

import os
import signal
import subprocess
import time

from pod import AGENT, Agent, container, elapsed, gated, go, stop
from seen import accounted, loop
from world import WORK, report, until


def runs_and_ends(agent, name):
    process = container(["sh", "-c", "/bin/echo one; sleep 60"])
    time.sleep(1)
    alive = agent.process.poll() is None
    agent.send(signal.SIGTERM)
    stop(process)
    took = elapsed(lambda: agent.process.wait(20))
    report(alive and agent.process.returncode == 0 and took < 1.5, f"{name}: the agent goes on, and leaves when it is told to",
           (alive, agent.process.returncode, took))


def closed_from_the_start():
    ways = {"without a standard output": lambda: os.close(1), "without any of the three": lambda: os.closerange(0, 3)}
    for name, closing in ways.items():
        agent = Agent(reading=False, preexec_fn=closing)
        runs_and_ends(agent, name)


def given_up():
    agent = Agent(reading=False)
    agent.process.stdout.read(1)
    agent.process.stdout.close()
    runs_and_ends(agent, "a reader that went away")


def read_by_nobody():
    agent = Agent(policy="Never", reading=False)
    process = gated(loop(4000))
    time.sleep(0.3)
    status = go(process)
    # The agent ends as soon as all have; its log is full until then.
    time.sleep(1.2)
    agent.reader.start()
    agent.end()
    report(status == 0 and agent.process.returncode == 0, "a log that nobody reads stops neither program nor agent",
           (status, agent.process.returncode))
    torn = [line for line in agent.broken if line is not agent.raw[-1]]
    report(not torn and len(agent.of("event")) < 4000, "only its last line may be torn", torn)
    agent.broken.clear()
    agent.judge("a log that nobody reads")


def slow():
    agent = Agent(reading=False, policy="OnFailure")
    process = gated(loop(4000) + "; exit 1")
    time.sleep(0.3)
    status = go(process)
    time.sleep(2.5)
    alive = agent.process.poll() is None
    agent.reader.start()
    until(lambda: agent.lost("sink") > 0)
    time.sleep(1.5)
    agent.stop("a log that is read late")
    report(status == 1 and alive, "a log that is read late holds up nobody", (status, alive))
    accounted("a log that is read late", agent, 4000, "sink")


def file_as_log():
    path = os.path.join(WORK, "log")
    with open(path, "wb") as out:
        agent = Agent(reading=False, stdout=out, policy="Never")
        container(["true"]).wait(60)
        status = agent.process.wait(20)
    with open(path, "rb") as log:
        lines = log.read().splitlines()
    report(status == 0 and b'"goodbye"' in lines[-1], "a file as log has all lines", lines[-1:])


def full_device():
    with open("/dev/full", "wb") as out:
        agent = Agent(reading=False, stdout=out)
        runs_and_ends(agent, "a full device")


def help_and_errors():
    done = subprocess.run([AGENT, "--nonsense"], capture_output=True, check=False)
    report(done.returncode == 2 and done.stdout == b"" and b"--nonsense" in done.stderr, "an option that is none is a usage error", done)
    done = subprocess.run([AGENT, "--version"], capture_output=True, check=False)
    report(done.returncode == 0 and done.stdout.startswith(b"farguard-agent "), "the version", done)


def everything():
    for part in (closed_from_the_start, given_up, read_by_nobody, slow, file_as_log, full_device, help_and_errors):
        part()
