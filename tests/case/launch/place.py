"""place.py - a container's surroundings: a PID namespace and a root with the payload in it."""

import os
import subprocess

from world import FARGUARD, WORK, start

PAYLOAD = os.path.join(WORK, "payload")

# Everything of this machine's root as it is (the project can stand anywhere in it), and a few directories of the container's own.
ROOT_SCRIPT = r"""
set -e
root=$1 payload=$2 spool=$3; shift 3
mount --make-rprivate /
mount -t tmpfs none "$root"
for d in /*; do
	if [ -L "$d" ]; then cp -P "$d" "$root$d"; continue; fi
	[ -d "$d" ] && [ "$d" != /proc ] || continue
	mkdir "$root$d"; mount --rbind "$d" "$root$d"
done
mkdir "$root/proc" "$root/.farguard"
mount -t proc proc "$root/proc"
mount --bind "$payload" "$root/.farguard"
if [ -n "$spool" ]; then mkdir "$root/.farguard-init"; mount --bind "$spool" "$root/.farguard-init"; fi
cd "$root"; mkdir .old; pivot_root . .old; umount -l .old
exec "$@"
"""


def install():
    """The payload, put there by `farguard install` itself."""
    source = os.path.join(WORK, "image")
    for d in (source, PAYLOAD):
        os.makedirs(d, exist_ok=True)
    subprocess.run(["cp", FARGUARD, os.path.join(os.path.dirname(os.path.dirname(FARGUARD)), "lib", "libfarguard.so"), source],
                   check=True)
    subprocess.run([FARGUARD, "install", "--from", source, PAYLOAD], check=True, stdout=subprocess.DEVNULL)


def as_pid1(argv):
    """The command as process 1 of a PID namespace: an agent outside of it cannot be seen from there."""
    return ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--", *argv]


def in_root(argv, spool="", payload=PAYLOAD):
    """The command as process 1, with /.farguard, and /.farguard-init if `spool` names a directory."""
    root = os.path.join(WORK, "root")
    os.makedirs(root, exist_ok=True)
    return ["unshare", "--pid", "--mount", "--fork", "--kill-child", "--", "sh", "-c", ROOT_SCRIPT, "sh", root, payload, spool, *argv]


def start_as_pid1(argv, **options):
    return start(as_pid1(argv), **options)
