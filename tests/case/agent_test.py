#!/usr/bin/python3
"""agent_test.py - `farguard-agent` with real launchers: what it says, how it ends, whom it bears with.

TAP on stdout.  FARGUARD_BUILD names the build directory, else FARGUARD_MODE the mode (release).
The pod is a network namespace, as in Kubernetes; its containers have PID and mount namespaces.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
INSIDE = "FARGUARD_AGENT_TEST_INSIDE"
sys.dont_write_bytecode = True
sys.path[:0] = [os.path.join(HERE, "agent"), os.path.join(HERE, "launch")]

if INSIDE not in os.environ and os.geteuid() == 0:
    os.environ[INSIDE] = "1"
    os.execvp("unshare", ["unshare", "--net", "--", sys.executable, os.path.abspath(__file__), *sys.argv[1:]])
os.environ.pop(INSIDE, None)

import place  # noqa: E402  (in the new namespace)
import pod  # noqa: E402
import tap  # pylint: disable=wrong-import-position
import world  # noqa: E402

PARTS = ("seen", "ending", "surviving", "hostile", "log")


def main():
    if not world.IS_ROOT:
        world.skip("the agent and its containers", "needs root")
        print("1..1")
        return
    try:
        world.settle()
        os.chmod(world.WORK, 0o755)
        place.install()
        pod.loopback()
        for name in sys.argv[1:] or PARTS:
            __import__(name).everything()
        status = tap.end()
    finally:
        pod.leave()
        world.leave()
    sys.exit(status)


main()
