"""ring.py - read a ring from its descriptor, as injector/ring/ring.h lays it out."""

import mmap
import struct

SLOT, COUNT, PAGE = 256, 2048, 4096
KINDS = {1: "try", 2: "fail", 3: "done", 4: "exit", 5: "open", 6: "connect"}


def record_of(raw):
    (time_ns, kind, flags, text_bytes, pid, tid, ppid, uid, gid, result, arg0, arg1, tty, _) = struct.unpack("<QHHIiiiIIiIIII", raw[:56])
    text = raw[56:56 + text_bytes].split(b"\0")[:-1]
    return {"kind": KINDS.get(kind, kind), "flags": flags, "pid": pid, "tid": tid, "ppid": ppid, "uid": uid, "gid": gid,
            "result": result, "args": (arg0, arg1), "tty": tty, "text": text, "time_ns": time_ns}


def records(fd):
    with mmap.mmap(fd, PAGE + SLOT * COUNT, mmap.MAP_SHARED, mmap.PROT_READ) as shared:
        write_pos, read_pos = struct.unpack_from("<QQ", shared, 8)
        found = []
        while read_pos < write_pos:
            word = struct.unpack_from("<Q", shared, PAGE + SLOT * (read_pos % COUNT))[0]
            size = word & 0xffff
            if word >> 32 != (read_pos + 1) & 0xffffffff or not size:
                break
            slots = (size + 8 + SLOT - 1) // SLOT
            raw = b"".join(shared[PAGE + SLOT * ((read_pos + i) % COUNT):][:SLOT] for i in range(slots))
            found.append(record_of(raw[8:8 + size]))
            read_pos += slots
        return found


def spooled(path):
    """The hello and the records of a spool file."""
    with open(path, "rb") as f:
        text = f.read()
    found, at = [], HELLO.size
    while at < len(text):
        size = struct.unpack_from("<I", text, at)[0]
        found.append(record_of(text[at + 4:at + 4 + size]))
        at += 4 + size
    return hello_of(text[:HELLO.size]), found


HELLO = struct.Struct("<IHBBBBBBiiII64s1024s")


def hello_of(raw):
    (magic, version, kind, pid1, nnp, self_wrapped, session, flags, pid, status, restarts, lost, container, users) = HELLO.unpack(raw)
    assert magic == 0x4647484c and version == 2
    return {"kind": {1: "start", 2: "end"}[kind], "pid1": pid1, "nnp": nnp, "self_wrapped": self_wrapped, "session": session,
            "flags": flags, "restarts": restarts, "lost": lost, "pid": pid, "status": status, "container": container.split(b"\0")[0].decode(), "users": users.split(b"\0")[0].decode()}
