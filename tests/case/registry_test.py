#!/usr/bin/python3
"""registry_test.py - images looked up in registries that are real, and in some that do wrong.

Debian's docker-registry, open and behind TLS with passwords; a registry, a token server, STS and ECR played on loopback.
TAP on stdout.  FARGUARD_BUILD names the build directory, else FARGUARD_MODE the mode (release).
"""

import os
import sys
import tempfile
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "registry"))
import cached  # pylint: disable=wrong-import-position
import cloud  # pylint: disable=wrong-import-position
import hostile  # pylint: disable=wrong-import-position
import real  # pylint: disable=wrong-import-position
from tap import end, report, skip


def main():
    with tempfile.TemporaryDirectory(prefix="farguard-registry-") as work:
        for part in (real, hostile, cached, cloud):
            try:
                part.test(report, skip, work)
            except Exception:  # pylint: disable=broad-except
                report(False, f"{part.__name__} came to its end", traceback.format_exc())
    return end()


if __name__ == "__main__":
    sys.exit(main())
