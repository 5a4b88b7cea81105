"""hostile.py - whoever else found the agent's socket: the agent bears it, says so, and serves the others."""

import fcntl
import mmap
import os
import random
import socket
import struct
import tempfile
import threading
import time

import ring
from pod import Agent, container, elapsed, gated, go, stop
from world import WORK, report, seqpacket, until

ADDRESS = "\0farguard-agent"
SEALS = 0x1 | 0x2 | 0x4  # F_SEAL_SEAL, SHRINK, GROW
BYTES = ring.PAGE + ring.SLOT * ring.COUNT


def hello(name=b"web", version=2, kind=1):
    return ring.HELLO.pack(0x4647484c, version, kind, 1, 1, 0, 0, 0, 7, 0, 0, 0, name, b"0:root\n")


def memory(size=BYTES, seals=SEALS, head=(0x46475247, 1)):
    fd = os.memfd_create("hostile", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, size)
    os.pwrite(fd, struct.pack("<II", *head), 0)
    if seals:
        fcntl.fcntl(fd, 1033, seals)  # F_ADD_SEALS
    return fd


def connect():
    sock = seqpacket()
    sock.settimeout(10)
    sock.connect(ADDRESS)
    return sock


def closed(sock):
    """Whether the agent hung up."""
    try:
        return sock.recv(10) == b""
    except (ConnectionResetError, BrokenPipeError):
        return True
    except TimeoutError:
        return False


def said(data, fds=()):
    """Whether the agent hangs up on who says that."""
    sock = connect()
    socket.send_fds(sock, [data], fds)
    gone = closed(sock)
    sock.close()
    return gone


def still_serves(agent, name, count=1):
    process = container(["sh", "-c", "/bin/echo served; sleep 60"])
    served = agent.covered(count=count) and until(lambda: agent.execs().count(["/bin/echo", "served"]) == count, 20)
    stop(process)
    report(served, f"{name}: a container is served all the same", agent.raw[-5:])


def garbage():
    agent = Agent()
    good = hello()
    wrong = [good[:n] for n in (1, 4, 19, 20, 84, len(good) - 1)] + [good + b"x", b"x" * 60000, hello(version=1), hello(kind=3),
                                                                     hello(b""), hello(b"a" * 64), os.urandom(len(good))]
    kept = [len(data) for data in wrong if not said(data, [memory()])]
    report(not kept, "whoever says no hello is hung up on", kept)
    report(said(hello(kind=2), [memory()]), "an end without a start too")
    still_serves(agent, "garbage")
    agent.stop("garbage")
    report({r.get("container") for r in agent.of("coverage")} == {"web"} and len(agent.of("coverage")) == 1, "and gets no line", agent.raw)


def descriptors():
    agent = Agent()
    ends = os.pipe()
    with open("/etc/passwd", "rb") as passwd, open("/dev/zero", "rb") as zero:
        wrong = {"none": [], "too short": [memory(BYTES - 1)], "too long": [memory(BYTES + 4096)], "empty": [memory(8)], "unsealed": [memory(seals=0)],
                 "half sealed": [memory(seals=0x4)], "no ring": [memory(head=(0, 0))], "another version": [memory(head=(0x46475247, 2))],
                 "a pipe": [ends[0]], "a file": [passwd.fileno()], "a device": [zero.fileno()], "a directory": [os.open("/", os.O_RDONLY)],
                 "too many": [memory() for _ in range(9)]}
        kept = [name for name, fds in wrong.items() if not said(hello(), fds)]
    report(not kept, "a descriptor that is no sealed ring is refused", kept)
    kept = 0
    for _ in range(200):
        kept += not said(b"", [ends[0]] * 100)
    open_fds = len(os.listdir(f"/proc/{agent.pid()}/fd"))
    report(kept == 0 and open_fds < 16, "a datagram of no bytes leaves none of its descriptors", (kept, open_fds))
    same = memory()
    first = connect()
    socket.send_fds(first, [hello(b"one")], [same])
    covered = agent.covered("one")
    report(covered and said(hello(b"two"), [same]), "the same ring for another container is refused")
    first.close()
    open_fds = len(os.listdir(f"/proc/{agent.pid()}/fd"))
    report(open_fds < 16, "no descriptor is kept", os.listdir(f"/proc/{agent.pid()}/fd"))
    still_serves(agent, "descriptors")
    agent.stop("descriptors")
    report({r["container"] for r in agent.of("coverage")} == {"one", "web"}, "none of them is covered", agent.of("coverage"))


def thousand():
    agent = Agent()
    socks, refused = [], 0
    for _ in range(1000):
        sock = seqpacket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 5, 0))
        refused += sock.connect_ex(ADDRESS) != 0
        socks.append(sock)
    fds = len(os.listdir(f"/proc/{agent.pid()}/fd"))
    report(refused == 0 and fds < 100, "a thousand connections take a bounded number of descriptors", (refused, fds))
    still_serves(agent, "a thousand connections")
    time.sleep(6)
    fds = len(os.listdir(f"/proc/{agent.pid()}/fd"))
    report(fds < 16, "the silent ones are hung up on in the end", fds)
    for sock in socks:
        sock.close()
    agent.stop("a thousand connections")


def invented():
    """Names that the pod does not list, each with a ring that is in order."""
    agent = Agent()
    socks = []
    for i in range(100):
        sock = connect()
        socket.send_fds(sock, [hello(b"invented-%d" % i)], [memory()])
        socks.append(sock)
        if i % 4 == 3:
            time.sleep(0.3)  # a few hellos a second are heard
    until(lambda: agent.lost("agent") > 0)
    strangers = [r for r in agent.of("coverage") if r["container"].startswith("invented")]
    report(0 < len(strangers) <= 16 and agent.lost("agent") > 0, "invented containers share a few places, the others are counted",
           (len(strangers), agent.of("drop")))
    still_serves(agent, "invented containers")
    for sock in socks:
        sock.close()
    agent.stop("invented containers")


def impostors():
    """As the container itself, with rings of their own: they take its places, and it comes back."""
    agent = Agent()
    process = gated("/bin/echo real; sleep 60")
    agent.covered()
    socks = []
    for _ in range(12):
        sock = connect()
        socket.send_fds(sock, [hello()], [memory()])
        socks.append(sock)
        time.sleep(0.3)
    process.stdin.write(b"\n")
    process.stdin.flush()
    seen = until(lambda: ["/bin/echo", "real"] in agent.execs(), 20)
    fds = len(os.listdir(f"/proc/{agent.pid()}/fd"))
    report(seen and fds < 24, "impostors of a container do not keep it out", (agent.execs(), fds))
    for sock in socks:
        sock.close()
    stop(process)
    agent.stop("impostors")


def claim(name=b"web", end=False):
    """In a container's name, with a ring of one's own."""
    sock = connect()
    socket.send_fds(sock, [hello(name)], [memory()])
    if end:
        sock.send(hello(name, kind=2))
    return sock


def false_end():
    """Others say that the container has ended, while it runs, in a pod that ends with its containers."""
    agent = Agent(policy="Never")
    process = gated("/bin/echo real")
    agent.covered()
    for _ in range(3):
        claim(end=True).close()
        time.sleep(0.3)
    contested = until(lambda: agent.of("coverage", container="web", contested=True))
    time.sleep(2)
    alive = agent.process.poll() is None
    go(process)
    agent.left("a false end")
    report(alive and contested and len(agent.of("coverage")) == 2, "it is waited for all the same, and that its name is contested is said once",
           (alive, agent.of("coverage")))
    real = [r for r in agent.of("event", type="execve") if r["proc"]["args"] == ["/bin/echo", "real"]]
    report([r.get("contested") for r in real] == [True], "so is with each of its events", real)


def rings_heard():
    with open("/proc/net/unix", encoding="ascii") as f:
        return "@farguard-ring." in f.read()


def end_before_hello():
    """Somebody is faster than the launcher with its first hello, and with its end."""
    process = gated("/bin/echo real")
    until(rings_heard, 20)

    def race():
        for _ in range(20000):
            try:
                return claim(end=True).close()
            except OSError:
                time.sleep(0.001)
        return None

    thread = threading.Thread(target=race)
    thread.start()
    agent = Agent(policy="Never")
    thread.join()
    time.sleep(1.5)
    alive = agent.process.poll() is None
    go(process)
    agent.left("an end before the hello")
    report(alive and ["/bin/echo", "real"] in agent.execs(), "whose launcher is there is waited for", (alive, agent.raw[-6:]))
    report(agent.of("coverage", container="web", contested=True), "and that others spoke for it is said", agent.of("coverage"))


def held_open():
    """A native sidecar speaks in the name of a Job's container and goes on after its end."""
    agent = Agent("web main command x;side sidecar command y", "Never")
    process = gated("/bin/echo real")
    agent.covered()
    sock = claim()
    until(lambda: agent.of("coverage", container="web", contested=True))
    go(process)
    took = elapsed(agent.end)
    agent.left("a connection that is held")
    sock.close()
    report(took < 3, "does not keep a Job from its end", took)


def others_records():
    """An init container leaves records in names that are not its own."""
    spool = tempfile.mkdtemp(dir=WORK)
    for name in ("web", "db", "other"):
        os.makedirs(os.path.join(spool, name))
        for of in ("web", "db", "other"):
            with open(os.path.join(spool, name, of + ".records"), "wb") as f:
                f.write(hello(of.encode()))
    agent = Agent("db init command pg;web main command x", "Never", spool=spool)
    time.sleep(1)
    alive = agent.process.poll() is None
    container(["true"]).wait(60)
    agent.left("records of others")
    said = [(r["container"], r["covered"]) for r in agent.of("coverage")]
    report(alive and said == [("db", True), ("web", True)], "only its own are believed, and end no main container", (alive, said))


def flood(over):
    """Hellos that are in order, as fast as it goes."""
    fd, i = memory(), 0
    while not over.is_set():
        i += 1
        sock = seqpacket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 1, 0))
        try:
            sock.connect(ADDRESS)
            socket.send_fds(sock, [hello(b"flood-%d" % (i % 50))], [fd])
        except OSError:
            pass
        sock.close()


def flooded():
    agent = Agent()
    over = threading.Event()
    threads = [threading.Thread(target=flood, args=(over,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    time.sleep(1)
    still_serves(agent, "a flood of hellos")
    over.set()
    for thread in threads:
        thread.join()
    agent.stop("a flood of hellos")
    report(len(agent.of("coverage")) < 200, "and each is not worth a line", len(agent.of("coverage")))


def scribble(fd, until_set, seed):
    """Chance, and what looks nearly right, all over a ring."""
    dice = random.Random(seed)
    with mmap.mmap(fd, BYTES) as m:
        pos = 0
        while not until_set.is_set():
            what = dice.random()
            if what < 0.3:
                struct.pack_into("<Q", m, dice.choice((8, 16, 24)), dice.choice((0, 1, dice.getrandbits(64), pos + dice.randrange(4096))))
            elif what < 0.6:
                at = dice.randrange(BYTES - 256)
                m[at:at + 256] = dice.randbytes(256)
            else:
                size, at = dice.randrange(1, 9000), ring.PAGE + ring.SLOT * (pos % ring.COUNT)
                m[at + 8:at + 64] = struct.pack("<QHHIiiiIIiIIII", 1, dice.randrange(8), dice.randrange(64), max(0, size - 56) & 0xffff,
                                                dice.randrange(9), 0, dice.randrange(9), 0, 0, 0, 0, 0, 0, 0)
                struct.pack_into("<Q", m, at, ((pos + 1) & 0xffffffff) << 32 | 0x4647 << 16 | size & 0xffff)
                pos += (size + 8 + ring.SLOT - 1) // ring.SLOT
                struct.pack_into("<Q", m, 8, pos)


def scribblers():
    agent = Agent(env={"FARGUARD_HEARTBEAT_SECONDS": "1"})
    over, threads, socks = threading.Event(), [], []
    for i in range(3):
        fd = memory(seals=0x1 | 0x2 | 0x4)
        sock = connect()
        socket.send_fds(sock, [hello(b"scribbler-%d" % i)], [fd])
        socks.append(sock)
        threads.append(threading.Thread(target=scribble, args=(fd, over, i)))
    for thread in threads:
        thread.start()
    beats = len(agent.of("heartbeat"))
    still_serves(agent, "scribbled rings")
    time.sleep(3)
    alive = agent.process.poll() is None and len(agent.of("heartbeat")) - beats >= 2
    over.set()
    for thread in threads:
        thread.join()
    for sock in socks:
        sock.close()
    report(alive and agent.lost("ring") > 0, "rings that are scribbled over while they are read are borne with, and counted",
           agent.of("drop")[:5])
    agent.stop("scribbled rings")


def taken():
    """Another process of the pod has the agent's name: said, and taken when it goes."""
    thief = seqpacket()
    thief.bind(ADDRESS)
    agent = Agent()
    told = agent.wait(lambda r: r["kind"] == "coverage" and r["reason"] == "socket-taken")
    thief.close()
    report(bool(told), "a socket that another process has is said", agent.raw)
    still_serves(agent, "a name that was taken")
    agent.stop("a name that was taken")


def everything():
    for part in (garbage, descriptors, thousand, invented, impostors, false_end, end_before_hello, held_open, others_records, flooded, scribblers,
                 taken):
        part()
