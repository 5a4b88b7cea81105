"""groups.py - control groups of our own, in either version of them."""

import os
import subprocess

from world import until

# What the two versions call a limit, and where version 1 has its controller.
LIMITS = {
    "memory": ("memory.limit_in_bytes", "memory.max", str),
    "pids": ("pids.max", "pids.max", str),
    "cpu": ("cpu.cfs_quota_us", "cpu.max", lambda us: f"{us} 100000"),
}


class Group:
    """A group below this process' own; OSError where there is none to be had."""

    count = 0

    def __init__(self, controller, value):
        with open("/proc/self/cgroup", encoding="ascii") as f:
            mine = {controllers: path.rstrip("/") for _, controllers, path in (line.rstrip("\n").split(":", 2) for line in f)}
        one, two, text = LIMITS[controller]
        if controller in mine:
            base, self.limit, words = f"/sys/fs/cgroup/{controller}{mine[controller]}", one, str(value)
        else:
            base, self.limit, words = "/sys/fs/cgroup" + mine.get("", ""), two, text(value)
        Group.count += 1
        self.path = f"{base}/farguard-launch-{os.getpid()}-{Group.count}"
        os.mkdir(self.path)
        try:
            with open(os.path.join(self.path, self.limit), "r+", encoding="ascii") as f:
                f.write(words)
        except OSError:
            self.close()
            raise

    def run(self, argv, **options):
        """A shell enters, and becomes the command: a copy of this interpreter would not fit."""
        entering = ["sh", "-c", 'echo $$ >"$0"; exec "$@"', self.path + "/cgroup.procs", *argv]
        return subprocess.run(entering, capture_output=True, timeout=60, check=False, **options)

    def oom_kills(self):
        for name in ("memory.oom_control", "memory.events"):
            if os.path.exists(os.path.join(self.path, name)):
                with open(os.path.join(self.path, name), encoding="ascii") as f:
                    return next((int(line.split()[1]) for line in f if line.startswith("oom_kill ")), None)
        return None

    def close(self):
        until(lambda: not open(self.path + "/cgroup.procs", encoding="ascii").read())
        until(lambda: not self.remove())

    def remove(self):
        try:
            os.rmdir(self.path)
        except OSError as e:
            return e
        return None


def has(controller, value):
    """Why there is no such group here, or None."""
    try:
        Group(controller, value).close()
    except (OSError, KeyError) as e:
        return f"no {controller} control group to be had here: {e}"
    return None
