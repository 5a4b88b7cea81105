#!/usr/bin/env python3
"""show.py - the agent's lines for people: `kubectl logs POD -c farguard-agent | hack/demo/show.py [KIND...]`.

One short line for each record of the kinds named (all of them by default); a line that is no record
is shown as it is.
"""
import json
import sys


def program(record):
    proc = record.get("proc", {})
    parents = " < ".join(p.get("name", "?") for p in proc.get("parents", [])[:3])
    words = [w if w and not set(w) - set(SAFE) else repr(w) for w in proc.get("args", [])]
    text = f"{record.get('type', '?'):9} {proc.get('origin', '?'):10} pid {proc.get('pid', '?'):<5} {' '.join(words)}"
    return text + (f"   (from {parents})" if parents else "")


SAFE = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=/.,:+@%"
DETAIL = {
    "hello": lambda r: f"version {r.get('version')}, kernel {r.get('kernel')}",
    "goodbye": lambda r: str(r.get("reason")),
    "coverage": lambda r: f"{'COVERED' if r.get('covered') else 'NOT COVERED: ' + str(r.get('reason'))}"
                          f", sensor {r.get('sensor')}",
    "heartbeat": lambda r: f"{r.get('events')} events, {r.get('dropped')} dropped, {r.get('memoryBytes')} bytes",
    "drop": lambda r: f"{r.get('count')} dropped in {r.get('where')}",
    "event": program,
}


def main():
    kinds = set(sys.argv[1:])
    for line in sys.stdin:
        try:
            record = json.loads(line)
            kind = record["kind"]
        except (ValueError, KeyError, TypeError):
            print("   ?", line.rstrip())
            continue
        if not kinds or kind in kinds:
            detail = DETAIL.get(kind, lambda r: "")(record)
            print(f"  {record['time'][11:23]}  {kind:9} {record.get('container', '-'):8} {detail}")


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:
        sys.stderr.close()
