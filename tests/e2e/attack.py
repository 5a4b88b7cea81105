#!/usr/bin/env python3
"""attack.py workloads NAMESPACE | judge - a container that attacks the agent beside one that does not.

`workloads` prints a List for `kubectl create -f -`: a pod whose attacker never ends, and a Job.  `judge` reads the agent's
log of the pod on standard input and prints a line of TAP for each thing that holds.
"""
import json
import sys

from workloads import container, job, pod, spec

# In the attacker's container, without any other file.  Where there is no agent it does nothing.
ATTACK = r"""
import array, fcntl, os, socket, struct, sys, threading, time

end = time.monotonic() + float(sys.argv[1])
def hello(name, kind=1):
    return struct.pack("<IHBBBBBBiiII64s", 0x4647484c, int(sys.argv[2]), kind, 1, 1, 0, 0, 0, 7, 0, 0, 0, name)
def ring():
    fd = os.memfd_create("x", os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, 4096 + 256 * 2048)
    os.pwrite(fd, struct.pack("<IIQ", 0x46475247, 1, 2048), 0)
    fcntl.fcntl(fd, 1033, 7)
    return fd
def connect():
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.settimeout(1)
    s.connect("\0farguard-agent")
    return s
def send(s, data, fds):
    s.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))])
def size():
    return int(sys.argv[3])
def impostor():
    s = connect()
    send(s, hello(b"main").ljust(size(), b"\0"), [ring()])
    return s
def turn(number, held):
    if number % 4 == 0:
        held.append(impostor())
    elif number % 4 == 1:
        held.append(connect())
    elif number % 4 == 2:
        s = connect()
        send(s, b"", [0] * 200)
        s.close()
    else:
        s = connect()
        send(s, hello(b"no-%d" % number).ljust(size(), b"\0"), [ring()])
        s.sendall(hello(b"no", 2).ljust(size(), b"\0"))
        s.close()
def work(first):
    held, number = [], first
    while time.monotonic() < end:
        number += 2
        try:
            turn(number, held)
        except OSError:
            time.sleep(0.01)
        while len(held) > 100:
            held.pop(0).close()
try:
    thief = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    thief.bind("\0farguard-ring.1")
except OSError:
    pass
threads = [threading.Thread(target=work, args=(i,)) for i in range(2)]
[t.start() for t in threads]
[t.join() for t in threads]
"""
HONEST = "i=0; while [ $i -lt $0 ]; do /bin/uname -s >/dev/null; i=$((i+1)); sleep 1; done"


def attacker(seconds, hello):
    return {**container("python", command=["python3", "-c", ATTACK, str(seconds), *hello]), "name": "attacker"}


def honest(turns):
    return container("glibc", command=["/bin/sh", "-c", HONEST, str(turns)])


def workloads(hello):
    yield pod("attacked", spec([attacker(3600, hello), honest(3600)], terminationGracePeriodSeconds=2))
    yield job("attacked-job", spec([attacker(8, hello), honest(3)], "Never"))


def judge():
    records = [json.loads(line) for line in sys.stdin]
    contested = [i for i, r in enumerate(records) if r["kind"] == "coverage" and r.get("container") == "main" and r.get("contested")]
    after = [r for r in records[contested[0]:] if contested and r["kind"] == "event" and r.get("container") == "main"
             and r["proc"].get("args") == ["/bin/uname", "-s"]] if contested else []
    hellos = [r for r in records if r["kind"] == "hello"]
    seqs = [r["seq"] for r in records]
    for ok, name in ((contested, "that others speak in the honest container's name is said"),
                     (len(after) >= 3 and all(r.get("contested") for r in after), "its programs are in the log while they do, marked"),
                     (len(hellos) == 1 and seqs == list(range(1, len(seqs) + 1)), "the agent is the one that began, and has no gap"),
                     (len(records) < 5000, "a flood of hellos is no flood of lines")):
        print(f"{'ok' if ok else 'not ok'} - attack: {name}")


if __name__ == "__main__":
    if sys.argv[1] == "judge":
        judge()
        sys.exit(0)
    items = list(workloads(sys.argv[3:5]))
    for item in items:
        item["metadata"]["namespace"] = sys.argv[2]
    json.dump({"apiVersion": "v1", "kind": "List", "items": items}, sys.stdout)
