#!/usr/bin/python3
"""webhook_load_test.py - farguard-webhook under load while its certificate is swapped, and among clients that mean harm.

TAP on stdout.  FARGUARD_BUILD names the build directory, else FARGUARD_MODE the mode (release).
"""

import base64
import http.client
import os
import resource
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "webhook"))
from api import Api  # pylint: disable=wrong-import-position
from server import BUILD, NAME, Webhook, review, within  # pylint: disable=wrong-import-position
from tap import end, report

IS_SANITIZED = "asan" in BUILD or "tsan" in BUILD
HEAD = b"POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
JSON = {"Content-Type": "application/json"}


class Load:
    """500 reviews a second by 10 threads: half of them on kept connections, half on one each; all check the certificate."""

    THREADS, RATE = 10, 500

    def __init__(self, api, webhook):
        self.context = ssl.create_default_context(cadata=api.text("ca.crt"))
        self.webhook, self.stop = webhook, threading.Event()
        self.lock, self.count, self.wrong, self.leaves = threading.Lock(), 0, [], set()
        self.threads = [threading.Thread(target=self.run, args=(i,)) for i in range(self.THREADS)]
        for thread in self.threads:
            thread.start()

    def connect(self):
        raw = socket.create_connection(("127.0.0.1", self.webhook.port), timeout=20)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = http.client.HTTPConnection("127.0.0.1", self.webhook.port, timeout=20)
        connection.sock = self.context.wrap_socket(raw, server_hostname=NAME)
        with self.lock:
            self.leaves.add(connection.sock.getpeercert(binary_form=True))
        return connection

    def run(self, index):
        is_kept, connection, body = index % 2 == 0, None, review("shop")
        due = time.monotonic()
        while not self.stop.is_set():
            due += self.THREADS / self.RATE
            time.sleep(max(0, due - time.monotonic()))
            try:
                connection = connection or self.connect()
                connection.request("POST", "/mutate", body, JSON)
                answer = connection.getresponse()
                text = answer.read()
                wrong = None if answer.status == 200 and b'"patch":' in text else (answer.status, text)
            except (OSError, http.client.HTTPException) as error:
                wrong, connection = repr(error), None
            with self.lock:
                self.count += 1
                if wrong:
                    self.wrong.append(wrong)
            if connection and not is_kept:
                connection.close()
                connection = None
        if connection:
            connection.close()

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join()


def test_rotation(api, work):
    webhook = Webhook(api, work, "--drain-seconds", "0")
    with api.lock:
        api.minor = "unknown"  # asked again and again for it, it looks at the Secret each time
        first = api.secret["data"]["tls.crt"]
    webhook.end()
    webhook = Webhook(api, work, "--drain-seconds", "0")
    load = Load(api, webhook)
    for _ in range(4):
        with api.lock:
            old = api.secret["data"]["tls.crt"]
            api.secret["data"]["tls.crt"] = base64.b64encode(b"garbage").decode()
            api.stamp(api.secret)
        seen = len(load.leaves)
        within(40, lambda: len(load.leaves) > seen)
        report(api.secret["data"]["tls.crt"] != old and len(load.leaves) > seen, "a new certificate is made, and new connections see it",
               (seen, len(load.leaves), webhook.raw[-3:]))
    load.end()
    report(load.count > 0 and not load.wrong, f"not one of {load.count} reviews on old and new connections failed meanwhile", load.wrong[:5])
    report(api.secret["data"]["tls.crt"] != first and webhook.end() == 0, "and it ends with 0")
    with api.lock:
        api.minor = "35"


def ticks(webhook):
    with open(f"/proc/{webhook.process.pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def answers(webhook):
    return webhook.review(review("shop"))[0] == 200


def raw(webhook, source="127.0.0.1"):
    return socket.create_connection(("127.0.0.1", webhook.port), timeout=20, source_address=(source, 0))


def hello(webhook):
    """A connection that has sent the first message of a handshake, and no more."""
    connection = raw(webhook)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        ssl._create_unverified_context().wrap_bio(incoming, outgoing).do_handshake()
    except ssl.SSLWantReadError:
        connection.sendall(outgoing.read())
    return connection


def send(connection, text):
    """Send what the other side takes of it: it may have closed by now."""
    try:
        connection.sendall(text)
    except OSError:
        pass


def end_of(connection, seconds=20):
    """What still comes on a connection until the other side ends it; None when it does not."""
    connection.settimeout(seconds)
    got = b""
    try:
        while True:
            more = connection.recv(65536)
            if not more:
                return got
            got += more
    except TimeoutError:
        return None
    except OSError:
        return got


def test_handshakes(webhook):
    stalled = [hello(webhook) for _ in range(60)]
    time.sleep(0.5)
    before = ticks(webhook)
    time.sleep(1)
    spent = ticks(webhook) - before
    report(spent < os.sysconf("SC_CLK_TCK") / 5, "60 handshakes that stop in the middle cost no CPU", f"{spent} ticks in a second")
    report(answers(webhook), "and keep nobody waiting")
    for connection in stalled:
        connection.close()
    for name, garbage in (("plain HTTP", b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"), ("zeros", bytes(1000)),
                          ("a record that is too long", b"\x16\x03\x01\xff\xff" + bytes(5000)), ("SSL 2", b"\x80\x2e\x01\x00\x02" + bytes(44)),
                          ("an alert", b"\x15\x03\x01\x00\x02\x02\x28"), ("application data", b"\x17\x03\x03\x00\x10" + bytes(16))):
        connection = raw(webhook)
        send(connection, garbage)
        got = end_of(connection)
        report(got is not None and b"HTTP" not in got, f"{name} instead of a handshake: closed", got)
        connection.close()
    result = subprocess.run(["openssl", "s_client", "-tls1_2", "-connect", f"127.0.0.1:{webhook.port}"], input=b"R\n", timeout=60,
                            capture_output=True, check=False)
    report(b"RENEGOTIATING" in result.stdout + result.stderr and answers(webhook), "renegotiation gets nothing, and it answers on",
           result.stderr[-300:])


def test_heads(webhook):
    for name, head in (("a thousand headers", b"".join(b"X-%d: %s\r\n" % (i, b"y" * 60) for i in range(1000))),
                       ("a header without end", b"X: " + b"y" * 100000), ("a 1 MiB line", b"X: " + b"y" * (1 << 20) + b"\r\n")):
        connection = webhook.connect().sock
        send(connection, HEAD + head)
        got = end_of(connection)
        report(got is not None and (not got or b" 431 " in got.split(b"\r\n")[0]), f"{name}: 431, or closed while still sent", got)
        connection.close()
    connection = webhook.connect().sock
    send(connection, b"GET /" + b"y" * 100000)
    got = end_of(connection)
    report(got is not None and (not got or b" 414 " in got.split(b"\r\n")[0]), "a path without end: 414, or closed while still sent", got)
    connection.close()
    for name, head in (("two lengths", b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"), ("a length that is none", b"Content-Length: -1\r\n\r\n"),
                       ("a length beyond all", b"Content-Length: 99999999999999999999999\r\n\r\n")):
        connection = webhook.connect().sock
        send(connection, HEAD + head)
        got = end_of(connection, 5) or b""
        report(b" 200 " not in got and answers(webhook), f"{name}: not answered by 200", got)
        connection.close()
    body = review("shop")
    connection = webhook.connect().sock
    connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body + HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    got = b""
    while got.count(b"HTTP/1.1 200") < 2:
        more = connection.recv(65536)
        if not more:
            break
        got += more
    report(got.count(b"HTTP/1.1 200") == 2, "two requests at once on a connection: two answers", got[:200])
    connection.close()
    connection = webhook.connect().sock
    connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    connection.shutdown(socket.SHUT_WR)
    got = end_of(connection)
    report(got is not None and answers(webhook), "a client that closes its half at once holds nothing up", got)
    connection.close()


def test_slow(webhook):
    slow = webhook.connect().sock
    slow.sendall(HEAD + b"Content-Length: 1000\r\n\r\n{")
    sent = 0
    try:
        while sent < 60:  # a byte each half a second would be eight minutes
            time.sleep(0.5)
            slow.sendall(b" ")
            sent += 1
    except OSError:
        pass
    report(sent < 60, "a body that trickles is cut off", sent)
    slow.close()


def test_crowd(webhook):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    before, crowd = webhook.peak_kib(), []
    for i in range(2000):
        try:
            crowd.append(raw(webhook, f"127.0.0.{2 + i % 2}"))
        except OSError:
            break
    report(len(crowd) > 500, "two thousand connections at once from two addresses", len(crowd))
    grown = webhook.peak_kib() - before
    report(grown < (256 << 10 if IS_SANITIZED else 32 << 10), "take less than 32 MiB", f"{grown} KiB")
    for connection in crowd:
        connection.close()
    report(within(20, lambda: tries(webhook)), "and when they are gone it answers")
    crowd = [trickle(webhook, f"127.0.0.{2 + i % 3}") for i in range(600)]
    kept = webhook.connect()
    report(within(20, lambda: tries(webhook)), "600 heads that trickle in give their places to one that comes whole")
    kept.close()
    for connection in crowd:
        connection.close()
    crowd = [raw(webhook, "127.0.0.2") for _ in range(400)]
    report(within(20, lambda: tries(webhook)), "400 from one address leave room for another")
    for connection in crowd:
        connection.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def trickle(webhook, source):
    """A connection with half of a head, or with as much of a handshake as the server has taken up."""
    connection = raw(webhook, source)
    context = ssl._create_unverified_context()
    connection.settimeout(0.3)
    try:
        connection = context.wrap_socket(connection)
        connection.sendall(HEAD)
    except OSError:
        pass
    return connection


def tries(webhook):
    try:
        return answers(webhook)
    except OSError:
        return False


def main():
    with tempfile.TemporaryDirectory() as work:
        api = Api()
        api.put_namespace("shop", {"farguard.io/inject": "enabled"})
        test_rotation(api, work)
        webhook = Webhook(api, work, "--drain-seconds", "0")
        slow = threading.Thread(target=test_slow, args=(webhook,))
        test_handshakes(webhook)
        slow.start()
        test_heads(webhook)
        slow.join()
        test_crowd(webhook)
        status = webhook.end()
        report(status == 0, "after all this it ends with 0", (status, webhook.raw[-5:]))
        api.stop()
    sys.exit(end())


main()
