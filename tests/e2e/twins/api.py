"""api.py - the API server by `kubectl proxy` on loopback: requests, streams, and all that was told of an object."""
import collections
import http.client
import json
import threading
import time

ROOTS = {"Pod": "api/v1", "Service": "api/v1", "Event": "api/v1", "ConfigMap": "api/v1", "Deployment": "apis/apps/v1",
         "StatefulSet": "apis/apps/v1", "DaemonSet": "apis/apps/v1", "Job": "apis/batch/v1", "CronJob": "apis/batch/v1",
         "EndpointSlice": "apis/discovery.k8s.io/v1"}


class Failed(Exception):
    """The API server refused."""


def path_of(kind, namespace=None, name=None):
    path = f"/{ROOTS[kind]}" + (f"/namespaces/{namespace}" if namespace else "") + f"/{kind.lower()}s"
    return f"{path}/{name}" if name else path


class Api:
    """Each thread has a connection of its own."""

    def __init__(self, port):
        self.port = port
        self.local = threading.local()

    def connect(self, seconds=60):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)

    def call(self, method, path, body=None, content="application/json"):
        """The status and the bytes of the answer; a connection that the server has closed is opened anew, once."""
        for attempt in (1, 2):
            link = self.local.__dict__.setdefault("link", self.connect())
            try:
                link.request(method, path, json.dumps(body) if body is not None else None, {"Content-Type": content})
                answer = link.getresponse()
                return answer.status, answer.read()
            except (http.client.HTTPException, OSError):
                link.close()
                del self.local.link
                if attempt == 2 or method == "POST":
                    raise

    def ask(self, method, path, body=None, **more):
        status, text = self.call(method, path, body, **more)
        if status >= 300:
            raise Failed(f"{method} {path}: {status} {text[:600].decode(errors='replace')}")
        return json.loads(text)

    def get(self, path):
        return self.ask("GET", path)

    def create(self, made):
        return self.ask("POST", path_of(made["kind"], made["metadata"]["namespace"]), made)

    def delete(self, made):
        self.call("DELETE", path_of(made["kind"], made["metadata"]["namespace"], made["metadata"]["name"]),
                  {"propagationPolicy": "Background"})

    def log(self, namespace, pod, container, previous=False):
        """What a container has said so far; None where the kubelet has nothing of it."""
        status, text = self.call("GET", f"{path_of('Pod', namespace, pod)}/log?container={container}"
                                        f"{'&previous=true' if previous else ''}")
        return text if status == 200 else None

    def whole_log(self, namespace, pod, container):
        """The same of a container that has ended: the runtime goes on for a moment to write down what it was told."""
        text = self.log(namespace, pod, container)
        for _ in range(20):
            time.sleep(0.2)
            before, text = text, self.log(namespace, pod, container)
            if before == text:
                break
        return text

    def follow(self, namespace, pod, container, seconds):
        """What a container says from its start to its end; at most for so many seconds between two words."""
        link, said = self.connect(seconds), bytearray()
        try:
            link.request("GET", f"{path_of('Pod', namespace, pod)}/log?container={container}&follow=true")
            answer = link.getresponse()
            while answer.status == 200 and (piece := answer.read1(65536)):
                said += piece
            return bytes(said) if answer.status == 200 else None
        except (http.client.HTTPException, OSError):
            return bytes(said)
        finally:
            link.close()


Seen = collections.namedtuple("Seen", "time gone made")  # when, whether it was the last word, the object


class Watch:
    """Every version of every object of a kind in the namespaces e2e-*, with the time at which it came."""

    def __init__(self, api, kind, changed):
        self.api, self.kind, self.changed = api, kind, changed
        self.by_uid = {}     # uid: [Seen...]
        self.by_label = {}   # (namespace, label case, or an EndpointSlice's Service), of Events ("", the object's uid): [uid...]
        listed = api.get(path_of(kind))
        for made in listed["items"]:
            self.take("ADDED", made)
        self.version = listed["metadata"]["resourceVersion"]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            link = self.api.connect(3600)
            try:
                link.request("GET", f"{path_of(self.kind)}?watch=1&allowWatchBookmarks=true&resourceVersion={self.version}")
                answer = link.getresponse()
                while line := answer.readline():
                    word = json.loads(line)
                    if word["type"] == "ERROR":
                        raise Failed(f"watching {self.kind}: {word['object']}")
                    self.version = word["object"]["metadata"]["resourceVersion"]
                    if word["type"] != "BOOKMARK":
                        self.take(word["type"], word["object"])
            except (http.client.HTTPException, OSError):
                time.sleep(0.2)  # the server ends watches when it likes; this one goes on where it was
            finally:
                link.close()

    def take(self, word, made):
        metadata = made["metadata"]
        if not metadata["namespace"].startswith("e2e-"):
            return
        metadata.pop("managedFields", None)
        labels = metadata.get("labels", {})
        name = labels.get("kubernetes.io/service-name") or labels.get("case")
        place = metadata["namespace"]
        if self.kind == "Event":
            place, name = "", made["involvedObject"].get("uid")
        with self.changed:
            history = self.by_uid.setdefault(metadata["uid"], [])
            if not history and name:
                self.by_label.setdefault((place, name), []).append(metadata["uid"])
            history.append(Seen(time.monotonic(), word == "DELETED", made))
            self.changed.notify_all()

    def of(self, namespace, name):
        """The histories of the objects that belong to a case, oldest first."""
        return [self.by_uid[uid] for uid in self.by_label.get((namespace, name), [])]
