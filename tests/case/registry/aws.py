"""aws.py - STS and ECR on loopback; a signature is verified as AWS documents it, not as libcurl computes it."""

import base64
import hashlib
import hmac
import http.server
import json
import threading
import time
import urllib.parse

KEYS = {"AKIDSTATIC": ("static/secret+key", None), "ASIAROLE": ("role/secret+key", "session/token+of==the-role")}
ROLE = "arn:aws:iam::123456789012:role/farguard"
WEB_TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln-_"


def verify(method, path, headers, body):
    """Signature Version 4: the (access key, region, service) that signed, or why it is wrong."""
    given = headers.get("Authorization", "")
    if not given.startswith("AWS4-HMAC-SHA256 "):
        raise ValueError(f"not signed: {given[:40]}")
    fields = dict(f.strip().split("=", 1) for f in given[17:].split(","))
    key, date, region, service, end = fields["Credential"].split("/")
    secret, session = KEYS[key]
    signed = fields["SignedHeaders"].split(";")
    stamp = headers["X-Amz-Date"]
    if end != "aws4_request" or not stamp.startswith(date) or "host" not in signed or signed != sorted(signed):
        raise ValueError(f"a scope or a list that is none: {given}")
    if session != headers.get("X-Amz-Security-Token"):
        raise ValueError("not the role's session token")
    if abs(time.mktime(time.strptime(stamp, "%Y%m%dT%H%M%SZ")) - time.timezone - time.time()) > 300:
        raise ValueError("an old signature")
    canonical = "\n".join([method, path, "", *(f"{h}:{' '.join(headers[h].split())}" for h in signed), "", ";".join(signed),
                           hashlib.sha256(body).hexdigest()])
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, f"{date}/{region}/{service}/aws4_request",
                      hashlib.sha256(canonical.encode()).hexdigest()])
    step = ("AWS4" + secret).encode()
    for part in (date, region, service, "aws4_request"):
        step = hmac.new(step, part.encode(), hashlib.sha256).digest()
    if hmac.new(step, text.encode(), hashlib.sha256).hexdigest() != fields["Signature"]:
        raise ValueError("another signature")
    return key, region, service


class Aws:
    """Two endpoints in one: what each was asked, and the password that ECR gives out."""

    def __init__(self):
        self.password, self.life_s = "ecr-password-1", 43200
        self.role_calls, self.token_calls, self.errors = [], [], []
        self.denies = False
        aws = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *_):
                pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                form = self.headers.get("Content-Type") == "application/x-www-form-urlencoded"
                status, text = aws.take_role(body) if form else aws.give_token(self, body)
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.base = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def take_role(self, body):
        form = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
        self.role_calls.append(form)
        if form.get("WebIdentityToken") != WEB_TOKEN or form.get("RoleArn") != ROLE:
            return 400, (b"<ErrorResponse><Error><Code>InvalidIdentityToken</Code><Message>No OpenIDConnect provider found"
                         b"</Message></Error></ErrorResponse>")
        secret, session = KEYS["ASIAROLE"]
        return 200, (f"<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>"
                     f"<AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>"
                     f"<SessionToken>{session}</SessionToken><Expiration>2030-01-01T00:00:00Z</Expiration></Credentials>"
                     f"</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>").encode()

    def give_token(self, request, body):
        try:
            key, region, service = verify("POST", request.path, request.headers, body)
        except (ValueError, KeyError) as error:
            self.errors.append(repr(error))
            return 403, json.dumps({"__type": "InvalidSignatureException", "message": str(error)}).encode()
        self.token_calls.append((key, region, service, request.headers.get("X-Amz-Target"), request.headers.get("Content-Type")))
        if self.denies:
            return 400, b'{"__type":"AccessDeniedException","message":"not authorized to perform: ecr:GetAuthorizationToken"}'
        token = base64.b64encode(f"AWS:{self.password}".encode()).decode()
        return 200, json.dumps({"authorizationData": [{"authorizationToken": token, "expiresAt": time.time() + self.life_s,
                                                       "proxyEndpoint": "https://x"}]}).encode()
