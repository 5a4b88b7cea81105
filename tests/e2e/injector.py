#!/usr/bin/python3
"""injector.py ADDRESS CERTIFICATE KEY - other injectors, as mutating webhooks over TLS; the port comes on stdout.

POST /mesh: as istio's, which puts istio-init first, istio-proxy into the containers (/mesh/native: first among the
init containers, with restartPolicy Always), and writes the lists anew.  POST /old: as a webhook whose client library
is of an older Kubernetes: init containers lose restartPolicy, containers of ours what it does not know.
"""

import base64
import http.server
import json
import ssl
import sys

IMAGE = "farguard.test/sample-glibc:dev"
SECURE = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": True,
          "seccompProfile": {"type": "RuntimeDefault"}}


def made(name, args, **more):
    return {"name": name, "image": IMAGE, "imagePullPolicy": "Never", "args": args, "securityContext": SECURE, **more}


def mesh(spec, native):
    init, containers = spec.get("initContainers", []), spec["containers"]
    if any(c["name"] == "istio-init" for c in init):
        return
    proxy = made("istio-proxy", ["serve"], **({"restartPolicy": "Always"} if native else {}))
    spec["initContainers"] = [made("istio-init", ["exit", "0"]), *([proxy] if native else []), *init]
    if not native:
        spec["containers"] = [proxy, *containers]
    spec["volumes"] = [{"name": "istio-data", "emptyDir": {}}, *spec.get("volumes", [])]


def old(spec):
    for container in spec.get("initContainers", []):
        if container["name"].startswith("farguard"):
            container.pop("restartPolicy", None)
    for container in spec["containers"]:
        container["volumeMounts"] = [m for m in container.get("volumeMounts", []) if m["mountPath"] != "/.farguard"]


def patch(path, pod):
    spec = json.loads(json.dumps(pod["spec"]))
    if path.startswith("/mesh"):
        mesh(spec, path.endswith("/native"))
    else:
        old(spec)
    if spec == pod["spec"]:
        return []
    return [{"op": "add", "path": f"/spec/{key}", "value": value} for key, value in spec.items() if value != pod["spec"].get(key)]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):  # noqa: N802 (the name that http.server calls)
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        operations = patch(self.path.split("?")[0], review["request"]["object"])
        response = {"uid": review["request"]["uid"], "allowed": True}
        if operations:
            response.update(patchType="JSONPatch", patch=base64.b64encode(json.dumps(operations).encode()).decode())
        body = json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main():
    server = http.server.ThreadingHTTPServer((sys.argv[1], 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
    server.socket = context.wrap_socket(server.socket, server_side=True)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
