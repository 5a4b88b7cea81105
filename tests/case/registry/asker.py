"""asker.py - the look-up as the tests start it and ask it."""

import json
import os
import queue
import subprocess
import tempfile
import threading

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
BUILD = os.path.join(ROOT, os.environ.get("FARGUARD_BUILD") or "build/" + os.environ.get("FARGUARD_MODE", "release"))
PROGRAM = os.path.join(BUILD, "tests", "case", "registry", "asker")


def auths(**hosts):
    """A .dockerconfigjson of HOST=(user, password), dots and colons of the host as they are by **{}."""
    return {"auths": {host: {"username": user, "password": password} for host, (user, password) in hosts.items()}}


class Asker:
    """One process with its cache.  `endpoints` maps hosts of references to addresses."""

    def __init__(self, endpoints=None, ca_file=None, timeout=None, env=None):
        args = [PROGRAM]
        for host, base in (endpoints or {}).items():
            args += ["--endpoint", f"{host}={base}"]
        if ca_file:
            args += ["--ca-file", ca_file]
        if timeout:
            args += ["--timeout", str(timeout)]
        clean = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        self.process = subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**clean, **(env or {})},
                                        text=True, encoding="utf-8", errors="replace")
        self.lock, self.number, self.waiting = threading.Lock(), 0, {}
        self.work = tempfile.TemporaryDirectory()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            answer = json.loads(line)
            with self.lock:
                box = self.waiting.pop(answer["id"], None)
            if box:
                box.put(answer)

    def send(self, key, *words):
        box = queue.Queue()
        with self.lock:
            self.waiting[key] = box
            self.process.stdin.write("\t".join(words) + "\n")
            self.process.stdin.flush()
        return box

    def start(self, reference, *secrets, budget=15000):
        """Begin to ask; the answer comes into the queue that is returned.  A secret is a dockerconfigjson, or
        ("cfg", a dockercfg)."""
        with self.lock:
            self.number += 1
            key = str(self.number)
        words = ["find", key, str(budget), reference]
        for i, secret in enumerate(secrets):
            kind, value = secret if isinstance(secret, tuple) else ("json", secret)
            path = os.path.join(self.work.name, f"{key}-{i}")
            with open(path, "w", encoding="utf-8") as file:
                file.write(value if isinstance(value, str) else json.dumps(value))
            words.append(f"{kind}={path}")
        return self.send(key, *words)

    def find(self, reference, *secrets, budget=15000):
        return self.start(reference, *secrets, budget=budget).get(timeout=60)

    def count(self):
        return self.send("count", "count").get(timeout=60)

    def skip(self, seconds):
        with self.lock:
            self.process.stdin.write(f"skip\t{seconds}\n")
            self.process.stdin.flush()

    def close(self):
        """Its exit status: a sanitizer's finding shows here."""
        self.process.stdin.close()
        try:
            return self.process.wait(60)
        finally:
            self.work.cleanup()
