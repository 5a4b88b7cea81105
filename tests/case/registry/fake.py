"""fake.py - a registry on loopback that does right and wrong as a test asks."""

import base64
import http.server
import json
import threading
import urllib.parse

from image import Index, digest


class Fake:
    """Repositories and blobs, a token server, and what goes wrong at a path."""

    def __init__(self):
        self.lock = threading.Lock()
        self.manifests, self.blobs = {}, {}
        self.wrong = {}             # path -> function(request) that answers instead
        self.basic = None           # (user, password) that every request needs
        self.bearer = None          # base of the token server: every request needs one of its tokens
        self.users = {}             # who may have a token; the empty dictionary: everybody
        self.tokens = {}            # token -> scope
        self.calls = []             # (method, path, headers)
        self.gate = threading.Event()
        self.gate.set()             # cleared: requests wait
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *_):
                pass

            def do_GET(self):
                try:
                    fake.handle(self)
                except OSError:  # the client is gone
                    self.close_connection = True

            do_HEAD = do_GET

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.base = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.gate.set()
        self.server.shutdown()
        self.server.server_close()

    def push(self, repository, image, tag=None):
        with self.lock:
            for one in image.images if isinstance(image, Index) else ():
                self.manifests[(repository, one.digest)] = (one.type, one.manifest)
                self.blobs.update(getattr(one, "blobs", {}))
            self.blobs.update(getattr(image, "blobs", {}))
            self.manifests[(repository, image.digest)] = (image.type, image.manifest)
            if tag:
                self.manifests[(repository, tag)] = (image.type, image.manifest)

    def take_calls(self):
        with self.lock:
            calls, self.calls = self.calls, []
        return calls

    @staticmethod
    def answer(request, status, body=b"", **headers):
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(body)

    def refuse(self, request, status, code, message, **headers):
        self.answer(request, status, json.dumps({"errors": [{"code": code, "message": message}]}).encode(), **headers)

    def handle(self, request):
        path, _, query = request.path.partition("?")
        with self.lock:
            self.calls.append((request.command, request.path, dict(request.headers.items())))
            wrong = self.wrong.get(path)
        self.gate.wait(30)
        if wrong:
            wrong(request)
        elif path == "/token":
            self.give_token(request, dict(urllib.parse.parse_qsl(query)))
        elif self.may(request, path):
            self.give(request, path)

    def give_token(self, request, query):
        user = None
        given = request.headers.get("Authorization", "")
        if given.startswith("Basic "):
            user, _, password = base64.b64decode(given[6:]).decode().partition(":")
            if self.users.get(user) != password:
                self.answer(request, 401, b'{"details":"incorrect username or password"}')
                return
        if self.users and not user:
            self.refuse(request, 403, "DENIED", "no anonymous tokens")
            return
        with self.lock:
            token = f"token-{len(self.tokens)}"
            self.tokens[token] = query.get("scope")
        self.answer(request, 200, json.dumps({"token": token, "expires_in": 300}).encode())

    def may(self, request, path):
        repository = path[4:].rsplit("/", 2)[0]
        given = request.headers.get("Authorization", "")
        if self.basic and given != "Basic " + base64.b64encode(":".join(self.basic).encode()).decode():
            self.refuse(request, 401, "UNAUTHORIZED", "authentication required", WWW_Authenticate='Basic realm="fake"')
            return False
        if self.bearer and self.tokens.get(given[7:]) != f"repository:{repository}:pull":
            self.refuse(request, 401, "UNAUTHORIZED", "authentication required", WWW_Authenticate=(
                f'Bearer realm="{self.bearer}/token",service="fake",scope="repository:{repository}:pull"'))
            return False
        return True

    def give(self, request, path):
        repository, kind, name = path[4:].rsplit("/", 2)
        with self.lock:
            if kind == "manifests":
                type_, body = self.manifests.get((repository, name), (None, None))
            else:
                type_, body = "application/octet-stream", self.blobs.get(name)
        if body is None:
            self.refuse(request, 404, kind[:-1].upper() + "_UNKNOWN", f"{kind[:-1]} unknown")
            return
        headers = {"Content_Type": type_}
        if kind == "manifests":
            headers["Docker_Content_Digest"] = digest(body)
        self.answer(request, 200, body, **headers)
