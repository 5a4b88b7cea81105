"""chaos_left.py - what pods could leave on the local cluster's node, as sets of names; two of these are compared.

Limits   The kubelet's own control groups, one for each QoS class, come with the first pod and stay: those of pods count.
         Programs that are the cluster's own are named without their process id: they may have been restarted.
         A shim of containerd's that has no process below it holds nothing of a pod: where a kubelet ends while the
         runtime starts a container, containerd may forget one.
"""
import os
import re


def read(path):
    try:
        with open(path, errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def below(folder, depth):
    """Paths of the entries down to `depth`."""
    found = set()
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return found
    for entry in entries:
        found.add(entry.path)
        if depth > 1 and entry.is_dir(follow_symlinks=False):
            found |= below(entry.path, depth - 1)
    return found


def processes(init):
    """Every descendant of the cluster's first process: pid -> its name, or what it is."""
    found, todo = {}, [init]
    while todo:
        pid = todo.pop()
        for child in children(pid):
            args = read(f"/proc/{child}/cmdline").split("\0")
            state = "zombie " if "\nState:\tZ" in read(f"/proc/{child}/status") else ""
            found[int(child)] = state + (" ".join(args[:2]) if args[0] else read(f"/proc/{child}/comm").strip())
            todo.append(int(child))
    return {pid: name for pid, name in found.items() if not name.startswith("/usr/bin/containerd-shim") or children(pid)}


def children(pid):
    return [child for task in below(f"/proc/{pid}/task", 1) for child in read(f"{task}/children").split()]


def named(found):
    """As a set: the third of a name is another than the second."""
    counts, out = {}, set()
    for name in sorted(found.values()):
        counts[name] = counts.get(name, 0) + 1
        out.add(f"{name} #{counts[name]}")
    return out


def memfds(found):
    out = set()
    for pid in found:
        for fd in below(f"/proc/{pid}/fd", 1):
            try:
                target = os.readlink(fd)
            except OSError:
                continue
            if target.startswith("/memfd:farguard"):
                out.add(f"{target.split()[0]} held by {found[pid]}")
    return out


def look(folder, init, cgroup):
    found = processes(init)
    root = f"/proc/{init}/root"
    return {
        "process": named(found),
        "memory file": memfds(found),
        "mount": {line.split()[1] for line in read(f"/proc/{init}/mounts").splitlines()},
        "control group": {d for top in ["/sys/fs/cgroup", *below("/sys/fs/cgroup", 1)]
                          for d in below(f"{top}/{cgroup}", 6) if "/pod" in d and os.path.isdir(d)},
        "network namespace": below(f"{root}/run/netns", 1),
        "address": below(f"{root}/var/lib/cni/networks", 2),
        "interface": set(re.findall(r"^ *(\w+):", read(f"/proc/{init}/net/dev"), re.M)),
        "socket": {line.split()[-1] for line in read(f"/proc/{init}/net/unix").splitlines() if "@farguard" in line},
        "file": below(f"{folder}/kubelet/pods", 1) | below(f"{folder}/hidden/log", 2) |
                below(f"{folder}/containerd/state", 3) | below(f"{folder}/containerd/root", 3),
    }


def difference(before, after):
    return [f"{kind} {name}" for kind in before for name in sorted(after[kind] - before[kind])]


def memory(found, name):
    """Resident memory of the processes of that name, in KiB."""
    return [int(kib) for pid, what in found.items() if name in what
            for kib in re.findall(r"^VmRSS:\s*(\d+)", read(f"/proc/{pid}/status"), re.M)]
