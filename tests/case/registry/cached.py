"""cached.py - what is kept, for how long, for whom, and how often a registry is asked."""

from asker import Asker, auths
from fake import Fake
from image import Image

HOST = "reg.test"


def paths(fake):
    return [f"{c[0]} {c[1].rsplit('/', 2)[1]}" for c in fake.take_calls()]


def test_shared(report, fake, asker):
    fake.push("app", Image(["/app"]), "1")
    fake.gate.clear()
    boxes = [asker.start(f"{HOST}/app:1") for _ in range(20)]
    answer = asker.find(f"{HOST}/app:1", budget=50)
    report(answer["error"] == "EAGAIN", "not within the budget", answer)
    fake.gate.set()
    answers = [b.get(timeout=60) for b in boxes]
    report(all(a["entrypoint"] == ["/app"] for a in answers), "twenty ask for one image at once: all get the answer", answers)
    calls = paths(fake)
    report(calls == ["GET manifests", "GET blobs"], "for which the registry was asked once", calls)
    answer = asker.find(f"{HOST}/app:1", budget=0)
    report(answer["entrypoint"] == ["/app"], "who comes later has it at once", answer)
    counts = asker.count()
    report(counts["fetches"] == 1 and counts["hits"] == 1 and counts["misses"] == 21 and counts["late"] == 1
           and counts["failures"] == 0, "and that is what the counters say", counts)


def test_age(report, fake, asker):
    app = Image(["/by-digest"])
    fake.push("dig", app, "1")
    asker.find(f"{HOST}/dig@{app.digest}")
    asker.find(f"{HOST}/dig:1")
    fake.take_calls()
    asker.skip(59)
    answer = asker.find(f"{HOST}/dig:1", budget=0)
    report(answer["entrypoint"] == ["/by-digest"] and not fake.take_calls(), "a tag is not asked for again for a minute", answer)
    asker.skip(2)
    answer = asker.find(f"{HOST}/dig:1")
    calls = paths(fake)
    report(answer["entrypoint"] == ["/by-digest"] and calls == ["HEAD manifests"], "then only whether it moved, which is no pull", calls)
    asker.skip(61)
    fake.push("dig", Image(["/moved"]), "1")
    answer = asker.find(f"{HOST}/dig:1")
    calls = paths(fake)
    report(answer["entrypoint"] == ["/moved"] and calls == ["HEAD manifests", "GET manifests", "GET blobs"],
           "when it moved, what it names now is asked for", f"{answer} {calls}")
    fake.wrong["/v2/dig/manifests/1"] = lambda r: fake.answer(r, 405) if r.command == "HEAD" else fake.give(r, r.path)
    asker.skip(61)
    answer = asker.find(f"{HOST}/dig:1")
    report(answer["entrypoint"] == ["/moved"], "a registry without HEAD is asked by GET", answer)
    fake.wrong.clear()
    fake.take_calls()
    asker.skip(60000)
    answer = asker.find(f"{HOST}/dig@{app.digest}", budget=0)
    report(answer["entrypoint"] == ["/by-digest"] and not fake.take_calls(), "what a digest names is kept for a day", answer)
    with fake.lock:
        del fake.manifests[("dig", "1")]
    asker.skip(61)
    answer = asker.find(f"{HOST}/dig:1")
    report(answer["error"] == "ENOENT", "a tag that is gone is not found, though it was known", answer)


def test_failures(report, fake, asker):
    fake.take_calls()
    answer = asker.find(f"{HOST}/late:1")
    report(answer["error"] == "ENOENT", "an image that is not pushed yet", answer)
    fake.push("late", Image(["/late"]), "1")
    fake.take_calls()
    asker.skip(28)
    answer = asker.find(f"{HOST}/late:1")
    report(answer["error"] == "ENOENT" and not fake.take_calls(), "a failure is kept for half a minute", answer)
    asker.skip(3)
    answer = asker.find(f"{HOST}/late:1")
    report(answer["entrypoint"] == ["/late"], "and then asked for again", answer)


def test_rights(report, fake, asker):
    fake.push("secret", Image(["/secret"]), "1")
    fake.basic = ("user", "pass")
    good = auths(**{HOST: ("user", "pass")})
    try:
        asker.find(f"{HOST}/secret:1", good)
        fake.take_calls()
        for name, secrets in (("without a secret", ()), ("with another user", (auths(**{HOST: ("other", "pass")}),)),
                              ("with another password", (auths(**{HOST: ("user", "pas")}),)),
                              ("with the same secret for another registry", (auths(**{"other.test": ("user", "pass")}),)),
                              ("with user and password joined elsewhere", (auths(**{HOST: ("use", "rpass")}),))):
            answer = asker.find(f"{HOST}/secret:1", *secrets)
            report(answer["error"] == "EACCES" and answer["entrypoint"] is None, f"{name}: no answer", answer)
        fake.take_calls()
        answer = asker.find(f"{HOST}/secret:1", auths(**{"other.test": ("a", "b")}), good, budget=0)
        report(answer["entrypoint"] == ["/secret"] and not fake.take_calls(), "secrets that do not fit make no difference", answer)
    finally:
        fake.basic = None


def test_many(report, fake, asker):
    for i in range(1100):
        fake.push(f"many-{i}", Image([f"/{i}"]), "1")
    wrong = []
    for i in range(1100):
        answer = asker.find(f"{HOST}/many-{i}:1")
        if answer["entrypoint"] != [f"/{i}"]:
            wrong.append(answer)
    report(not wrong, "1,100 images, one after the other", wrong[:3])
    fake.take_calls()
    report(asker.find(f"{HOST}/many-1099:1", budget=0)["entrypoint"] == ["/1099"] and not fake.take_calls(), "the latest are known")
    report(asker.find(f"{HOST}/many-0:1")["entrypoint"] == ["/0"] and fake.take_calls(), "the oldest is asked for again")


def test(report, _skip, _work):
    fake = Fake()
    asker = Asker({HOST: fake.base})
    for part in (test_shared, test_age, test_failures, test_rights, test_many):
        part(report, fake, asker)
    report(asker.close() == 0, "it ends well")
    fake.close()
