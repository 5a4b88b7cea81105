"""api.py - an API server that fails on purpose: the few objects that the webhook asks for, on loopback."""

import base64
import copy
import http.server
import json
import threading
import time
import urllib.parse

import jsonpatch


RESOURCES = ("namespaces", "limitranges", "resourcequotas", "pods", "events")


class Api:
    """The few objects that the webhook asks for, and switches for what goes wrong."""

    def __init__(self):
        self.lock = threading.Condition()
        self.version = 100
        self.minor = "35"
        self.page = 2               # objects a page, whatever the limit
        self.token = None           # when set, every other one is refused
        self.refuse = None          # status of every answer
        self.secret_conflicts = 0   # so many writes are answered 409
        self.watch_errors = 0       # so many watches begin with an ERROR 410
        self.garbage = 0            # so many watches send what is no JSON
        self.create_pod = None      # (namespace, pod) -> (status, object, headers), for dry runs
        self.hidden = set()         # namespaces that list and watch leave out
        self.forbidden = set()      # resources, like "limitranges", that may not be read
        self.calls = []
        self.objects = {resource: {} for resource in RESOURCES}  # by namespace and name
        self.events, self.watches = [], 0
        self.told = {}              # Events, by namespace and name
        self.tell_status = None     # when set, no Event is taken, and this is said
        self.secret = {"kind": "Secret", "metadata": {"name": "farguard-tls", "labels": {"a": "b"}},
                       "data": {"other": "eA=="}, "type": "Opaque"}
        self.config = {"kind": "MutatingWebhookConfiguration", "metadata": {"name": "farguard"},
                       "webhooks": [{"name": "inject.farguard.io", "clientConfig": {"service": {"name": "x"}}},
                                    {"name": "second.farguard.io", "clientConfig": {"service": {"name": "x"}}}]}
        for object_ in (self.secret, self.config):
            self.stamp(object_)
        api = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                api.handle(self)

            do_PUT = do_PATCH = do_POST = do_GET

        self.handler = Handler
        self.server = None
        self.port = 0
        self.start()

    def start(self):
        http.server.ThreadingHTTPServer.allow_reuse_address = True
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), self.handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def stamp(self, object_):
        self.version += 1
        object_["metadata"]["resourceVersion"] = str(self.version)

    def put(self, resource, object_):
        """Make or change an object; the version is stamped on a copy."""
        object_ = copy.deepcopy(object_)
        key = (object_["metadata"].get("namespace", ""), object_["metadata"]["name"])
        with self.lock:
            known = key in self.objects[resource]
            self.stamp(object_)
            self.objects[resource][key] = object_
            self.events.append((self.version, "MODIFIED" if known else "ADDED", object_, resource))
            self.lock.notify_all()

    def delete(self, resource, name, namespace=""):
        with self.lock:
            object_ = copy.deepcopy(self.objects[resource].pop((namespace, name)))
            self.stamp(object_)
            self.events.append((self.version, "DELETED", object_, resource))
            self.lock.notify_all()

    def put_namespace(self, name, annotations=None, labels=None):
        self.put("namespaces", {"kind": "Namespace", "metadata": {"name": name, "annotations": annotations or {}, "labels": labels or {}}})

    def delete_namespace(self, name):
        self.delete("namespaces", name)

    def handle(self, request):
        length = int(request.headers.get("Content-Length") or 0)
        body = request.rfile.read(length) if length else b""
        path, _, query = request.path.partition("?")
        query = dict(urllib.parse.parse_qsl(query))
        with self.lock:
            self.calls.append((request.command, path))
            refuse = self.refuse
            if self.token is not None and request.headers.get("Authorization") != "Bearer " + self.token:
                refuse = 401
        if refuse:
            self.answer(request, refuse, {"kind": "Status", "message": f"refused with {refuse}"})
        elif path.rsplit("/", 1)[1] in self.forbidden:
            self.answer(request, 403, {"kind": "Status", "message": f"{path} is forbidden"})
        elif request.command == "POST" and path.endswith("/pods"):
            ask = self.create_pod or (lambda *_: (404, {}, {}))  # outside the lock: it calls the webhook
            self.answer(request, *ask(path.split("/")[4], json.loads(body)) if query.get("dryRun") == "All"
                        else (500, {"message": "no dry run"}, {}))
        elif "watch" in query:
            self.watch(request, path.rsplit("/", 1)[1], int(query["resourceVersion"]))
        else:
            with self.lock:
                status, answer = self.decide(request.command, path, query, body, request.headers.get("Content-Type"))
                answer = copy.deepcopy(answer)
            self.answer(request, status, answer)

    def decide(self, method, path, query, body, type_):
        if method in ("POST", "PATCH") and "events" in path.split("/")[-2:]:
            return self.decide_event(method, path, body, type_)
        if path == "/version":
            return 200, {"major": "1", "minor": self.minor, "gitVersion": "v1." + self.minor}
        if path[len("/api/v1/"):] in RESOURCES:
            objects = self.objects[path[len("/api/v1/"):]]
            keys = sorted(key for key in objects if key[1] not in self.hidden)
            begin = int(query.get("continue", "0"))
            end = begin + min(self.page, int(query.get("limit", "500")))
            metadata = {"resourceVersion": str(self.version)}
            if end < len(keys):
                metadata["continue"] = str(end)
            return 200, {"kind": "List", "metadata": metadata, "items": [objects[key] for key in keys[begin:end]]}
        if path.startswith("/api/v1/namespaces/farguard/secrets/farguard-tls"):
            return self.decide_secret(method, body)
        if path.startswith("/api/v1/namespaces/"):
            found = self.objects["namespaces"].get(("", path.rsplit("/", 1)[1]))
            return (200, found) if found else (404, {"kind": "Status", "message": "not found"})
        if path.endswith("/mutatingwebhookconfigurations/farguard"):
            if method == "PATCH":
                if type_ != "application/json-patch+json":
                    return 415, {}
                try:
                    self.config = jsonpatch.apply_patch(self.config, json.loads(body))
                except jsonpatch.JsonPatchException as error:
                    return 409, {"message": str(error)}
                self.stamp(self.config)
            return 200, self.config
        return 404, {}

    def decide_event(self, method, path, body, type_):
        event = json.loads(body)
        if self.tell_status:
            return self.tell_status, {"kind": "Status", "message": "no events"}
        if method == "POST":
            key = (path.split("/")[4], event["metadata"]["name"])
            if event["metadata"]["namespace"] != key[0] or event["involvedObject"]["namespace"] != key[0] or key in self.told:
                return 422, {"kind": "Status", "message": "invalid"}
            self.told[key] = event
            return 201, event
        key = (path.split("/")[4], path.split("/")[-1])
        if key not in self.told:
            return 404, {"kind": "Status", "message": "not found"}
        if type_ != "application/merge-patch+json":
            return 415, {}
        self.told[key].update(event)
        return 200, self.told[key]

    def decide_secret(self, method, body):
        if method == "PUT":
            new = json.loads(body)
            if self.secret_conflicts:
                self.secret_conflicts -= 1
                self.stamp(self.secret)
            if new["metadata"].get("resourceVersion") != self.secret["metadata"]["resourceVersion"]:
                return 409, {"kind": "Status", "message": "the object has been modified"}
            self.secret = new
            self.stamp(self.secret)
        return 200, self.secret

    @staticmethod
    def answer(request, status, value, headers=None):
        text = json.dumps(value).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(text)))
        for name, content in (headers or {}).items():
            request.send_header(name, content)
        request.end_headers()
        request.wfile.write(text)

    def watch(self, request, resource, since):
        request.send_response(200)
        request.send_header("Transfer-Encoding", "chunked")
        request.end_headers()

        def send(text):
            request.wfile.write(b"%x\r\n%s\r\n" % (len(text), text))
            request.wfile.flush()

        with self.lock:
            gone = garbage = False
            if resource == "namespaces":
                self.watches += 1
                gone, self.watch_errors = self.watch_errors > 0, max(0, self.watch_errors - 1)
                garbage, self.garbage = self.garbage > 0, max(0, self.garbage - 1)
        try:
            if gone:
                send(b'{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}\n')
            elif garbage:
                send(b'{"type":"ADDED","object":{"metadata":\n')
            else:
                end = time.monotonic() + 20
                while time.monotonic() < end:
                    with self.lock:
                        new = [e for e in self.events if e[0] > since and e[3] == resource and e[2]["metadata"]["name"] not in self.hidden]
                        if not new:
                            self.lock.wait(0.2)
                    for version, kind, object_, _ in new:
                        text = json.dumps({"type": kind, "object": object_}).encode() + b"\n"
                        send(text[:7])  # chunks end anywhere
                        send(text[7:])
                        since = version
                    send(b"\n")
            send(b"")
        except OSError:
            pass

    def text(self, key):
        with self.lock:
            return base64.b64decode(self.secret["data"][key]).decode() if key in self.secret["data"] else None

    def bundles(self):
        with self.lock:
            return [w["clientConfig"].get("caBundle") for w in self.config["webhooks"]]
