"""chaos_api.py - the API over `kubectl proxy`, and what became of each pod, also of those that are gone."""
import http.client
import json
import os
import threading
import time


class Api:
    """One connection for each thread; a request that the connection lost is sent again."""

    def __init__(self, port):
        self.port = port
        self.local = threading.local()

    def request(self, method, path, body=None):
        """The status and the JSON that came."""
        for attempt in range(20):
            conn = getattr(self.local, "conn", None) or http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            self.local.conn = conn
            try:
                conn.request(method, path, json.dumps(body) if body is not None else None, {"Content-Type": "application/json"})
                answer = conn.getresponse()
                text = answer.read()
                return answer.status, json.loads(text) if text[:1] == b"{" else text.decode(errors="replace")
            except (OSError, http.client.HTTPException):
                conn.close()
                if attempt == 19:
                    raise
                time.sleep(0.3)

    def get(self, path):
        status, body = self.request("GET", path)
        return body if status == 200 else {}

    def lines(self, path):
        """A watch's events, until the API ends it."""
        conn = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            conn.request("GET", path)
            answer = conn.getresponse()
            while line := answer.readline():
                yield json.loads(line)
        finally:
            conn.close()


class Seen:
    """One pod: the last that the API said of it, and when it came, was ready, was deleted and went."""

    def __init__(self, pod):
        self.key = pod["metadata"]["labels"]["case"]
        self.name, self.uid = pod["metadata"]["name"], pod["metadata"]["uid"]
        self.came = time.monotonic()
        self.deleted = self.gone = self.settled = None
        self.unready = []  # when a pod that was ready was not, though nobody had deleted it
        self.history = []
        self.pod = pod

    def take(self, pod):
        was, self.pod = self.pod, pod
        now = time.monotonic()
        if pod["metadata"].get("deletionTimestamp") and self.deleted is None:
            self.deleted = now
        if self.settled is None and self.phase in ("Succeeded", "Failed"):
            self.settled = now
        if self.deleted is None and self.settled is None and is_ready(was) and not is_ready(pod):
            self.unready.append(now)
        brief = {s["name"]: (next(iter(s["state"]), "-"), s["restartCount"], s["ready"]) for s in statuses(pod)}
        if not self.history or self.history[-1][1:] != (self.phase, brief):
            self.history.append((now, self.phase, brief))

    @property
    def phase(self):
        return self.pod.get("status", {}).get("phase")

    @property
    def index(self):
        return self.pod["metadata"].get("annotations", {}).get("batch.kubernetes.io/job-completion-index", "")


def statuses(pod):
    status = pod.get("status", {})
    return [s for s in status.get("initContainerStatuses", []) + status.get("containerStatuses", []) if s.get("state")]


def is_ready(pod):
    return any(c["type"] == "Ready" and c["status"] == "True" for c in pod.get("status", {}).get("conditions", []))


class Watch(threading.Thread):
    """Every pod of a namespace, by uid.  Its log files are kept by hard links, as they outlive the pod."""

    def __init__(self, api, namespace, logs, keep):
        super().__init__(daemon=True)
        self.api, self.namespace, self.logs, self.keep = api, namespace, logs, keep
        self.pods = {}
        self.changed = threading.Condition()
        self.start()

    def run(self):
        path = f"/api/v1/namespaces/{self.namespace}/pods"
        while True:
            try:
                listed = self.api.get(path)
                there = {p["metadata"]["uid"] for p in listed["items"]}
                for pod in listed["items"]:
                    self.take("MODIFIED", pod)
                for seen in [s for s in self.pods.values() if s.uid not in there and s.gone is None]:
                    self.take("DELETED", seen.pod)
                for event in self.api.lines(f"{path}?watch=1&resourceVersion={listed['metadata']['resourceVersion']}"):
                    if event["type"] == "ERROR":
                        break
                    self.take(event["type"], event["object"])
            except (OSError, ValueError, KeyError, http.client.HTTPException):
                time.sleep(0.2)

    def take(self, kind, pod):
        if "case" not in pod["metadata"].get("labels", {}):
            return
        uid = pod["metadata"]["uid"]
        with self.changed:
            if uid not in self.pods:
                self.pods[uid] = Seen(pod)
            seen = self.pods[uid]
            seen.take(pod)
            if kind == "DELETED":
                seen.gone = time.monotonic()
            self.changed.notify_all()
        self.keep_logs(seen)

    def keep_logs(self, seen):
        folder = os.path.join(self.logs, f"{self.namespace}_{seen.name}_{seen.uid}")
        for container in listed_in(folder):
            for log in listed_in(os.path.join(folder, container)):
                target = os.path.join(self.keep, seen.uid, container)
                os.makedirs(target, exist_ok=True)
                try:
                    os.link(os.path.join(folder, container, log), os.path.join(target, log))
                except FileExistsError:
                    pass
                except FileNotFoundError:  # the kubelet was quicker
                    pass

    def of(self, key):
        """The pods of a case in the order that both namespaces have them in."""
        with self.changed:
            pods = [s for s in self.pods.values() if s.key == key]
        return sorted(pods, key=lambda s: (s.index, s.pod["metadata"]["creationTimestamp"], s.came))

    def forget(self, key):
        with self.changed:
            for uid in [u for u, s in self.pods.items() if s.key == key]:
                del self.pods[uid]

    def log(self, seen, container):
        """Runs of a container: for each, its lines on standard output and on standard error."""
        folder = os.path.join(self.keep, seen.uid, container)
        runs = []
        for log in sorted(listed_in(folder), key=lambda f: int(f.split(".")[0])):
            streams, part = {"stdout": [], "stderr": []}, {"stdout": "", "stderr": ""}
            with open(os.path.join(folder, log), errors="replace", newline="\n") as file:
                for line in file:
                    _, stream, full, text = line.rstrip("\n").split(" ", 3)
                    part[stream] += text
                    if full == "F":
                        streams[stream].append(part[stream])
                        part[stream] = ""
            runs.append(streams)
        return runs


def listed_in(folder):
    try:
        return os.listdir(folder)
    except OSError:
        return []
