#!/usr/bin/python3
"""load.py PORT NAMESPACE SECONDS RATE - pods created by dry run, RATE a second at most; a line of what came of them.

PORT: `kubectl proxy` on loopback.  Counted: sent, refused (no 201) and unguarded (without the label that the webhook
sets); the slowest in milliseconds.  Ends after SECONDS, or at the end of standard input.
"""

import http.client
import json
import select
import sys
import threading
import time

THREADS = 8
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "load-"}, "spec": {
    "automountServiceAccountToken": False, "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    "containers": [{"name": "main", "image": "farguard.test/sample-glibc:dev", "command": ["sleep", "1"],
                    "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}}]}}
lock = threading.Lock()
sent = refused = unguarded = 0
slowest = 0.0
said = ""


def one(conn, path, body):
    global sent, refused, unguarded, slowest, said
    start = time.monotonic()
    conn.request("POST", path, body, {"Content-Type": "application/json"})
    answer = conn.getresponse()
    made = json.loads(answer.read())
    took = time.monotonic() - start
    is_guarded = made.get("metadata", {}).get("labels", {}).get("farguard.io/injected") == "true"
    with lock:
        sent += 1
        refused += answer.status != 201
        unguarded += answer.status == 201 and not is_guarded
        slowest = max(slowest, took)
        if answer.status != 201:
            said = str(made.get("message"))[:200]


def worker(port, namespace, period, end):
    conn = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    body, due = json.dumps(POD), time.monotonic()
    while not end.is_set():
        one(conn, f"/api/v1/namespaces/{namespace}/pods?dryRun=All", body)
        due = max(due + period, time.monotonic() - period)
        end.wait(max(0, due - time.monotonic()))


def main():
    port, namespace, seconds, rate = int(sys.argv[1]), sys.argv[2], float(sys.argv[3]), float(sys.argv[4])
    end = threading.Event()
    threads = [threading.Thread(target=worker, args=(port, namespace, THREADS / rate, end)) for _ in range(THREADS)]
    start = time.monotonic()
    for thread in threads:
        thread.start()
    select.select([sys.stdin], [], [], seconds)
    end.set()
    for thread in threads:
        thread.join()
    print(f"refused {refused} unguarded {unguarded} sent {sent} rate {sent / (time.monotonic() - start):.0f} slowest {slowest * 1000:.0f} {said}")


if __name__ == "__main__":
    main()
