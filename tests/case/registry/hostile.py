"""hostile.py - a registry that does wrong: what comes of it is an error, in time, and never an answer."""

import json
import socket
import threading
import time

from asker import Asker, auths
from fake import Fake
from image import DOCKER, OCI, Image, Index, descriptor, digest

HOST = "reg.test"


def listener():
    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    server.listen(16)
    return server, f"http://127.0.0.1:{server.getsockname()[1]}"


def send(fake, status, body=b"", **headers):
    return lambda request: fake.answer(request, status, body, **headers)


def drip(request):
    """A byte now and then, for longer than anyone waits."""
    request.send_response(200)
    request.send_header("Content-Length", "1000")
    request.end_headers()
    for _ in range(100):
        request.wfile.write(b" ")
        request.wfile.flush()
        time.sleep(0.2)


def pour(size, type_=OCI["manifest"]):
    def rule(request):
        request.send_response(200)
        request.send_header("Content-Type", type_)
        request.end_headers()
        request.close_connection = True
        for _ in range(size >> 16):
            request.wfile.write(b" " * (1 << 16))
    return rule


def heads(request):
    request.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for _ in range(10000):
        request.wfile.write(b"X-Name: " + b"v" * 100 + b"\r\n")


def test_answers(report, fake, asker):
    app = Image(["/app"])
    fake.push("app", app, "1")
    other = Image(["/other"])
    config = digest(app.config)
    many = Index(app, Image(["/arm"], architecture="arm64"))
    nested = Index(Index(app))
    fake.push("nested", nested.images[0])
    fake.push("nested", nested, "1")
    fake.push("many", many, "1")
    chart = json.dumps({"schemaVersion": 2, "config": descriptor("application/vnd.cncf.helm.config.v1+json", b"{}")}).encode()
    big_config = json.dumps({"schemaVersion": 2, "mediaType": OCI["manifest"],
                             "config": {**descriptor(OCI["config"], app.config), "size": 1 << 30}}).encode()
    manifest = "/v2/{}/manifests/1"
    bad_args = Image(config=json.dumps({"os": "linux", "architecture": "amd64", "config": {"Entrypoint": ["a\0b"]}}).encode())
    fake.push("bad-args", bad_args, "1")
    long_args = Image(["x" * 20000])
    fake.push("long-args", long_args, "1")
    for name, repository, path, rule, want in (
            ("no JSON", "a1", None, send(fake, 200, b"<html>"), "EBADMSG"),
            ("nothing", "a2", None, send(fake, 200, b""), "EBADMSG"),
            ("nesting without an end", "a3", None, send(fake, 200, b'{"a":' + b"[" * 100000), "EBADMSG"),
            ("a manifest without a type", "a4", None, send(fake, 200, app.manifest), None),
            ("a manifest under an index's type", "a5", None, send(fake, 200, app.manifest, Content_Type=OCI["index"]), "EBADMSG"),
            ("schema 1", "a6", None, send(fake, 200, b'{"schemaVersion":1}'), "EOPNOTSUPP"),
            ("a Helm chart", "a7", None, send(fake, 200, chart), "EOPNOTSUPP"),
            ("a configuration said to be of 1 GiB", "a8", None, send(fake, 200, big_config), "EFBIG"),
            ("a manifest of 6 MiB", "a9", None, pour(6 << 20), "EFBIG"),
            ("a manifest without an end", "a10", None, pour(1 << 33), "EFBIG"),
            ("a configuration of 2 MiB", "app", f"/v2/app/blobs/{config}", pour(2 << 20), "EFBIG"),
            ("a configuration that is another's", "app", f"/v2/app/blobs/{config}", send(fake, 200, other.config), "EBADMSG"),
            ("a configuration cut short", "app", f"/v2/app/blobs/{config}", send(fake, 200, app.config[:-1]), "EBADMSG"),
            ("a configuration that is not there", "app", f"/v2/app/blobs/{config}", send(fake, 404), "ENOENT"),
            ("an index that leads to another manifest", "many", f"/v2/many/manifests/{app.digest}",
             send(fake, 200, other.manifest, Content_Type=OCI["manifest"]), "EBADMSG"),
            ("an index in an index", "nested", "/none", None, "EOPNOTSUPP"),
            ("an argument with a NUL", "bad-args", "/none", None, "EBADMSG"),
            ("20,000 bytes of arguments", "long-args", "/none", None, "EFBIG"),
            ("a head without an end", "a11", None, heads, "EFBIG"),
            ("403", "a12", None, send(fake, 403, b'{"errors":[{"code":"DENIED","message":"not yours"}]}'), "EACCES"),
            ("404", "a13", None, send(fake, 404), "ENOENT"),
            ("400", "a14", None, send(fake, 400), "EPROTO"),
            ("204 without a manifest", "a15", None, send(fake, 204), "EBADMSG"),
            ("401 that asks for nothing", "a16", None, send(fake, 401), "EACCES"),
            ("401 that asks for a ticket", "a17", None, send(fake, 401, WWW_Authenticate="Negotiate"), "EACCES")):
        path = path or manifest.format(repository)
        fake.wrong[path] = rule
        asker.skip(90000)
        answer = asker.find(f"{HOST}/{repository}:1")
        report(answer["error"] == want and (want or answer["entrypoint"]), f"{name}: {want or 'found'}", answer)
        fake.wrong.pop(path)
    asker.skip(31)
    answer = asker.find(f"{HOST}/app:1")
    report(answer["entrypoint"] == ["/app"], "the same registry right again: found", answer)
    answer = asker.find(f"{HOST}/app@{other.digest}")
    report(answer["error"] == "ENOENT", "a digest of another repository", answer)
    fake.wrong[f"/v2/app/manifests/{other.digest}"] = send(fake, 200, app.manifest, Content_Type=OCI["manifest"])
    asker.skip(31)
    answer = asker.find(f"{HOST}/app@{other.digest}")
    report(answer["error"] == "EBADMSG" and "digest" in answer["text"], "a manifest that has not the digest it was asked for by", answer)


def test_redirects(report, fake, asker):
    app = Image(["/app"], types=DOCKER)
    away = Fake()
    path = f"/v2/away/blobs/{digest(app.config)}"
    fake.push("away", app, "1")
    away.blobs = dict(app.blobs)
    away.push("away", app, "1")
    away.wrong["/storage"] = lambda request: away.answer(request, 200, app.config)
    secret = auths(**{HOST: ("user", "pass")})
    fake.basic = ("user", "pass")
    try:
        fake.wrong[path] = lambda request: fake.may(request, path) and fake.answer(
            request, 307, Location=f"{away.base}/storage?X-Amz-Signature={'s' * 3000}")
        answer = asker.find(f"{HOST}/away:1", secret)
        calls = away.take_calls()
        report(answer["entrypoint"] == ["/app"] and [c[1].split("?")[0] for c in calls] == ["/storage"],
               "a blob that is elsewhere is found there", f"{answer} {calls}")
        report(calls and not any("Authorization" in c[2] for c in calls), "where the password is not sent", calls)
        fake.wrong[path] = lambda request: fake.answer(request, 307, Location="/storage")
        fake.wrong["/storage"] = lambda request: fake.may(request, path) and fake.answer(request, 200, app.config)
        asker.skip(90000)
        answer = asker.find(f"{HOST}/away:1", secret)
        report(answer["entrypoint"] == ["/app"], "a redirect within the registry takes the password along", answer)
        fake.basic = None
        fake.wrong["/v2/away/manifests/1"] = send(fake, 302, Location=f"{away.base}/v2/away/manifests/1")
        away.bearer = away.base
        asker.skip(90000)
        away.take_calls()
        answer = asker.find(f"{HOST}/away:1", secret)
        calls = away.take_calls()
        report(answer["entrypoint"] == ["/app"] and not any("Basic" in c[2].get("Authorization", "") for c in calls),
               "a registry that is sent to is asked as nobody", f"{answer} {calls}")
        for name, to in (("itself", "/v2/loop/manifests/1"), ("nowhere", ""), ("plain http elsewhere", "http://203.0.113.1/x"),
                         ("a file", "file:///etc/passwd"), ("a password in it", "https://a:b@203.0.113.1/x"),
                         ("8 KiB", "/" + "x" * 8192)):
            fake.wrong["/v2/loop/manifests/1"] = send(fake, 302, Location=to)
            asker.skip(31)
            fake.take_calls()
            answer = asker.find(f"{HOST}/loop:1")
            report(answer["error"] == "EPROTO" and len(fake.take_calls()) <= 3, f"a redirect to {name} is not followed for long", answer)
    finally:
        fake.basic = None
        fake.wrong.clear()
        away.close()


def test_tokens(report, fake, asker):
    app = Image(["/app"])
    auth = Fake()
    fake.push("private", app, "1")
    fake.bearer, auth.tokens = auth.base, fake.tokens
    good, bad = auths(**{HOST: ("user", "pass")}), auths(**{HOST: ("user", "wrong")})
    try:
        answer = asker.find(f"{HOST}/private:1")
        calls = auth.take_calls()
        report(answer["entrypoint"] == ["/app"] and len(calls) == 1 and "service=fake" in calls[0][1]
               and "scope=repository%3Aprivate%3Apull" in calls[0][1], "a token for nobody", f"{answer} {calls}")
        fake.take_calls()
        auth.users = {"user": "pass"}
        answer = asker.find(f"{HOST}/private:1", bad)
        report(answer["error"] == "EACCES" and "incorrect username or password" in answer["text"], "a token refused, with its reason", answer)
        answer = asker.find(f"{HOST}/private:1", bad, good)
        report(answer["entrypoint"] == ["/app"], "a token for a user", answer)
        calls = fake.take_calls()
        report(not any("Basic" in c[2].get("Authorization", "") for c in calls), "whose password only the token server sees", calls)
        for name, realm in (("plain http elsewhere", "http://203.0.113.1/token"), ("a file", "file:///etc/passwd"), ("nothing", "")):
            fake.bearer = realm[:-6] if realm.endswith("/token") else realm
            fake.wrong["/v2/private/manifests/1"] = send(
                fake, 401, WWW_Authenticate=f'Bearer realm="{realm}",service="x",scope="y"')
            asker.skip(31)
            answer = asker.find(f"{HOST}/private:1", auths(**{HOST: ("user", name)}))
            report(answer["error"] in ("EPROTO", "EACCES") and answer["ms"] < 5000, f"no token is asked of {name}", answer)
        fake.wrong.clear()
        fake.bearer = auth.base
        for name, rule in (("no JSON", send(auth, 200, b"<html>")), ("a line feed", send(auth, 200, b'{"token":"a\\r\\nX-Y: z"}')),
                           ("1 MiB", pour(1 << 20))):
            auth.wrong["/token"] = rule
            asker.skip(31)
            answer = asker.find(f"{HOST}/private:1", good, auths(**{HOST: ("user", name)}))
            report(answer["error"] in ("EBADMSG", "EFBIG"), f"a token that is {name}", answer)
        auth.wrong["/token"] = send(auth, 200, b'{"token":"not-yours"}')
        fake.take_calls()
        asker.skip(31)
        answer = asker.find(f"{HOST}/private:1", auths(**{HOST: ("user", "again")}))
        report(answer["error"] == "EACCES" and len(fake.take_calls()) == 2, "a token that the registry refuses is not fetched for ever", answer)
    finally:
        fake.bearer = None
        auth.close()


def test_slow(report, fake):
    """Each with its own process: a registry that does not answer is left alone afterwards."""
    silent, base = listener()
    asker = Asker({HOST: fake.base, "silent.test": base, "gone.test": "http://127.0.0.1:1"}, timeout=1500)
    fake.push("app", Image(["/app"]), "1")
    fake.wrong["/v2/drip/manifests/1"] = drip
    try:
        answer = asker.find("gone.test/app:1")
        report(answer["error"] == "ECONNREFUSED", "nobody listens", answer)
        answer = asker.find("gone.test/other:1")
        report(answer["error"] == "EBUSY" and "left alone" in answer["text"], "which is not tried again for each image", answer)
        answer = asker.find("silent.test/app:1", budget=100)
        report(answer["error"] == "EAGAIN", "a registry that is silent: the budget is kept", answer)
        boxes = [asker.start(f"silent.test/many-{i}:1", budget=0) for i in range(10)]
        answer = asker.find(f"{HOST}/app:1", budget=20000)
        report(answer["entrypoint"] == ["/app"], "it does not keep another registry from being asked", answer)
        report([b.get(timeout=60)["error"] for b in boxes] == ["EAGAIN"] * 10, "without a budget nobody waits")
        answer = asker.find("silent.test/app:1", budget=20000)
        report(answer["error"] == "ETIMEDOUT", "and the look-up has an end", answer)
        answer = asker.find("silent.test/later:1", budget=20000)
        report(answer["error"] == "EBUSY", "after which the registry is left alone", answer)
        answer = asker.find(f"{HOST}/drip:1", budget=20000)
        report(answer["error"] == "ETIMEDOUT", "a byte now and then does not lengthen it", answer)
    finally:
        report(asker.close() == 0, "it ends well, in the midst of it")
        fake.wrong.clear()
        silent.close()


def test_limited(report, fake):
    asker = Asker({HOST: fake.base})
    for status, after in ((429, "100"), (503, None)):
        path = "/v2/limited/manifests/1"
        headers = {"Retry_After": after} if after else {}
        fake.wrong[path] = send(fake, status, b'{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}', **headers)
        fake.take_calls()
        answer = asker.find(f"{HOST}/limited:1")
        report(answer["error"] == "EBUSY" and str(status) in answer["text"], f"{status}: busy", answer)
        asker.skip(99 if after else 29)
        answer = asker.find(f"{HOST}/app:1")
        report(answer["error"] == "EBUSY" and len(fake.take_calls()) == 1, "the registry is left alone as long as it asked for", answer)
        asker.skip(2)
        answer = asker.find(f"{HOST}/app:1")
        report(answer["entrypoint"] == ["/app"], "and asked again then", answer)
        fake.wrong.clear()
        asker.skip(100000)
    report(asker.close() == 0, "it ends well")


def test_queue(report, fake):
    asker = Asker({HOST: fake.base})
    fake.gate.clear()
    boxes = [asker.start(f"{HOST}/queued-{i}:1", budget=0) for i in range(100)]
    errors = [b.get(timeout=60)["error"] for b in boxes]
    report(64 <= errors.count("EAGAIN") <= 66 and errors.count("EBUSY") == 100 - errors.count("EAGAIN"),
           "a hundred questions at once: 64 wait, the others are refused", errors)
    counts = asker.count()
    report(counts["refused"] == errors.count("EBUSY") and counts["late"] == errors.count("EAGAIN"), "which is counted", counts)
    began = time.monotonic()
    report(asker.close() == 0 and time.monotonic() - began < 15, "and an end in the midst of it is quick")
    fake.gate.set()


def test_here(report, fake):
    asker = Asker()
    fake.take_calls()
    for host in (f"127.0.0.1:{fake.port}", f"localhost:{fake.port}", f"[::1]:{fake.port}"):
        answer = asker.find(f"{host}/app:1")
        report(answer["error"] == "EINVAL", f"{host.split(':')[0]} in a reference is not us", answer)
    server, base = listener()
    seen = []

    def watch():
        try:
            while True:
                seen.append(server.accept())
        except OSError:
            pass

    threading.Thread(target=watch, daemon=True).start()
    answer = asker.find(f"{socket.gethostname()}.localhost:{base.rsplit(':', 1)[1]}/app:1")
    report(answer["error"] == "ECONNREFUSED" and not seen, "nor is a name that leads here", f"{answer} {seen}")
    report(not fake.take_calls(), "nobody was asked")
    answer = asker.find("UPPER/Case")
    report(answer["error"] == "EINVAL", "what is no reference", answer)
    report(asker.close() == 0, "it ends well")
    server.close()


def test(report, _skip, _work):
    fake = Fake()
    asker = Asker({HOST: fake.base})
    for part in (test_answers, test_redirects, test_tokens):
        part(report, fake, asker)
    report(asker.close() == 0, "it ends well")
    test_slow(report, fake)
    test_limited(report, fake)
    test_queue(report, fake)
    test_here(report, fake)
    fake.close()
