#!/usr/bin/python3
"""launch_test.py - `farguard run`, from the outside: the program must not notice it.

TAP on stdout.  FARGUARD_BUILD names the build directory, else FARGUARD_MODE the mode (release).
Everything happens in a network namespace of its own: the abstract names are one for each.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
INSIDE = "FARGUARD_LAUNCH_TEST_INSIDE"
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, "launch"))

if INSIDE not in os.environ:
    os.environ[INSIDE] = "1"
    own = ["--net"] if os.geteuid() == 0 else ["--map-root-user", "--net"]
    os.execvp("unshare", ["unshare", *own, "--", sys.executable, os.path.abspath(__file__), *sys.argv[1:]])
del os.environ[INSIDE]

import tap  # pylint: disable=wrong-import-position
import world  # noqa: E402  (in the new namespace)

PARTS = ("same", "differs", "signalled", "asked", "contained", "sessions", "limits", "trouble", "worker", "pid1")


def main():
    try:
        world.build()
        for name in sys.argv[1:] or PARTS:
            __import__(name).everything()
        status = tap.end()
    finally:
        world.leave()
    sys.exit(status)


main()
