"""life.py - the life of twins: made at the same moment, bare and guarded, watched, used, deleted and compared."""
import concurrent.futures
import dataclasses
import json
import re
import threading
import time

import api
import compare
import records
import sessions
import images
from images import IMAGES


PATIENCE = sessions.PATIENCE


@dataclasses.dataclass
class Result:
    row: str
    column: str
    setting: str
    how: str = ""                                              # coverage, as the agent said it
    wrong: list = dataclasses.field(default_factory=list)      # lines: what differs, what the agent did not say
    ran: list = dataclasses.field(default_factory=list)        # the programs that the agent named


class World:
    """The cluster, as all twins see it."""

    def __init__(self, port, kubectl):
        self.api, self.kubectl = api.Api(port), kubectl
        self.changed = threading.Condition(threading.RLock())
        self.pods, self.jobs, self.slices, self.events = (api.Watch(self.api, kind, self.changed)
                                                          for kind in ("Pod", "Job", "EndpointSlice", "Event"))
        self.samples = {}  # what was measured: [(bare, guarded) seconds]

    def wait(self, seconds, condition):
        """Waits for a condition on what the API server says; whether it came."""
        with self.changed:
            return self.changed.wait_for(condition, seconds)

    def sample(self, what, bare, guarded):
        if bare is not None and guarded is not None:
            self.samples.setdefault(what, []).append((bare, guarded))


class View:
    """One twin: what the API server has said of it."""

    def __init__(self, world, namespace, case):
        self.world, self.namespace, self.case = world, namespace, case

    def pod_histories(self):
        def order(item):
            labels = item[1][0].made["metadata"]["labels"]
            index = labels.get("apps.kubernetes.io/pod-index") or labels.get("batch.kubernetes.io/job-completion-index")
            return int(index) if index else item[0]
        with self.world.changed:
            return [h for _, h in sorted(enumerate(self.world.pods.of(self.namespace, self.case.name)), key=order)]

    def pods(self):
        """Those that exist, as they are now."""
        return [h[-1].made for h in self.pod_histories() if not h[-1].gone]

    def jobs(self):
        return [h[-1].made for h in self.world.jobs.of(self.namespace, self.case.name) if not h[-1].gone]

    def slices(self):
        return self.world.slices.of(self.namespace, self.case.name)

    def settled(self):
        pods = self.pods()
        # What is on its way out is not yet settled, but where the case means it so.
        return len(self.pod_histories()) >= self.case.pods and (self.case.until(self) or "evict" in self.case.actions and not pods)

    def state(self):
        return [f"{p['metadata']['name']}: {p['status']['phase']} {compare.containers(p)}"[:500] for p in self.pods()] or ["no pod"]


class Twins:
    """A case, bare and guarded, from the first to the last moment."""

    def __init__(self, world, case):
        from cases import SETTINGS
        self.world, self.case = world, case
        self.bare, self.guarded = self.views = [View(world, n, case) for n in SETTINGS[case.setting]]
        self.result = Result(case.row, case.column, case.setting)
        self.results = [self.result]
        self.logs = {}       # (namespace, pod, container): text

    def both(self, function):
        """The same in both namespaces at once: [of bare, of guarded]."""
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            return list(pool.map(function, self.views))

    def live(self):
        """All of it; the results for the table."""
        try:
            self.both(self.create)
            for action in self.case.actions:
                if action in sessions.BEFORE:
                    self.act(action)
            if not self.world.wait(PATIENCE, lambda: all(v.settled() for v in self.views)):
                self.result.wrong.append(f"not settled in {PATIENCE} s: bare {self.bare.state()}, guarded {self.guarded.state()}")
                return self.results
            for action in self.case.actions:
                if action not in sessions.BEFORE:
                    self.act(action)
            self.settled()
            self.end()
            self.judge()
        except Exception as error:  # noqa: BLE001 - one pair's trouble is that pair's result
            self.result.wrong.append(f"{type(error).__name__}: {error}")
        finally:
            self.both(self.remove)
        for result in self.results:
            result.wrong = list(dict.fromkeys(result.wrong))
        return self.results

    def create(self, view):
        for made in self.case.objects:
            view.world.api.create({**made, "metadata": {**made["metadata"], "namespace": view.namespace}})

    def act(self, action):
        bare, guarded = self.both(lambda view: sessions.ACTIONS[action](self.world, view))
        result = self.result
        if action in sessions.COLUMN:
            result = Result(self.case.row, sessions.COLUMN[action], self.case.setting)
            self.results.append(result)
        result.wrong += compare.differences(bare, guarded, self.case.documented)

    def settle_to_equal(self, tell, seconds=60):
        """Compares what may still be on its way: until it is equal, or for so long."""
        found = []

        def equal():
            found[:] = compare.differences(tell(self.bare), tell(self.guarded), self.case.documented)
            return not found
        end = time.monotonic() + seconds
        while not self.world.wait(0.5, equal) and time.monotonic() < end:
            pass
        self.result.wrong += found

    def pairs(self):
        return list(zip(self.bare.pod_histories(), self.guarded.pod_histories()))

    def settled(self):
        def tell(view):
            # On its schedule a CronJob may have made another one since.
            return {f"{index} {key}" if index else key: value for index, made in enumerate(view.pods()[:self.case.pods])
                    for key, value in compare.pod(made).items()}
        self.settle_to_equal(tell)
        for made in self.case.objects:
            if made["kind"] in ("Deployment", "StatefulSet", "DaemonSet", "CronJob"):
                self.compare_workload(lambda view, made=made: view.world.api.get(
                    api.path_of(made["kind"], view.namespace, made["metadata"]["name"])))
        if self.bare.jobs():
            self.compare_workload(lambda view: view.jobs()[0] if view.jobs() else {"kind": "Job"})
        for bare, guarded in zip(self.bare.pods(), self.guarded.pods()):
            self.quality(bare, guarded)

    def compare_workload(self, get):
        for attempt in range(60):
            bare, guarded = (compare.workload(get(view)) for view in self.views)
            found = compare.differences(bare, guarded, self.case.documented)
            if not found:
                break
            time.sleep(0.5 if attempt < 20 else 1)
        self.result.wrong += found

    def quality(self, bare, guarded):
        """The QoS class is kept, or the pod's status says that it is not."""
        was, now = bare["status"].get("qosClass"), guarded["status"].get("qosClass")
        status = json.loads(guarded["metadata"].get("annotations", {}).get("farguard.io/status", "{}"))
        told = "qos-changed" in status.get("warnings", [])
        # The agent's limits make a BestEffort pod Burstable.
        if was != now and not told and (was, now) != ("BestEffort", "Burstable"):
            self.result.wrong.append(f"QoS class {was} became {now}, and the status does not say so")
        if guarded["metadata"]["labels"].get("farguard.io/injected") != "true":
            self.result.wrong.append(f"the guarded twin is not injected: {status}")
        if "farguard-agent" in json.dumps(bare["spec"]):
            self.result.wrong.append("the bare twin is injected")

    def containers(self, view):
        for made in view.pods():
            for group in ("initContainers", "containers"):
                for c in made["spec"].get(group, []):
                    if c["name"] != "farguard-install":
                        yield made, c["name"]

    def end(self):
        """Logs of what has ended; what goes on is deleted while its logs are followed to their ends."""
        def collect(item):
            view, made, name = item
            key = view.namespace, made["metadata"]["name"], name
            over = made["status"]["phase"] in ("Succeeded", "Failed")
            self.logs[key] = self.world.api.whole_log(*key) if over else self.world.api.follow(*key, PATIENCE)
        wanted = [(view, made, name) for view in self.views for made, name in self.containers(view)]
        with concurrent.futures.ThreadPoolExecutor(max(1, len(wanted))) as pool:
            done = [pool.submit(collect, item) for item in wanted]
            if any(made["status"]["phase"] not in ("Succeeded", "Failed") for _, made, _ in wanted):
                time.sleep(0.3)  # until the streams are open
            else:
                concurrent.futures.wait(done)
            self.both(self.remove)
            self.world.wait(PATIENCE, lambda: not any(v.pods() for v in self.views))
        left = [p["metadata"]["name"] for v in self.views for p in v.pods()]
        if left:
            self.result.wrong.append(f"not gone in {PATIENCE} s: {left}")

    def remove(self, view):
        for made in reversed(self.case.objects):
            self.world.api.delete({**made, "metadata": {**made["metadata"], "namespace": view.namespace}})
        for kind, left in (("Job", view.jobs()), ("Pod", view.pods() if not self.case.objects else [])):
            for made in left:
                self.world.api.delete({"kind": kind, "metadata": made["metadata"]})

    def judge(self):
        """What the whole of both lives tells."""
        for index, (bare, guarded) in enumerate(self.pairs()):
            self.compare_lives(index, bare, guarded)
            self.compare_output(bare[-1].made, guarded[-1].made)
            self.measure(bare, guarded)
            self.judge_records(guarded[-1].made, first=index == 0)
        self.result.wrong += compare.differences({"endpoints over time": compare.endpoints(self.bare.slices())},
                                                 {"endpoints over time": compare.endpoints(self.guarded.slices())}, self.case.documented)
        self.settle_to_equal(lambda view: compare.events(
            [h[-1].made for pod in view.pod_histories() for h in self.world.events.of("", pod[0].made["metadata"]["uid"])]))

    def compare_lives(self, index, bare, guarded):
        def tell(history):
            told = compare.last_words(history[-1].made)
            # A short life may pass between two looks of the kubelet.
            return {**told, f"{index} ready over time": compare.readiness(history)} if self.case.serves else told
        self.result.wrong += compare.differences(tell(bare), tell(guarded), self.case.documented)
        left, right = compare.pauses(bare), compare.pauses(guarded)
        for name in left:
            # The kubelet counts whole seconds, and looks once a second; all of it waits on a loaded machine.
            if any(max(a, b) > 2 * min(a, b) + 15 for a, b in zip(left[name], right.get(name, []))):
                self.result.wrong.append(f"{name}: restarted after {left[name]} s bare, {right.get(name)} s guarded")

    def output(self, made, name):
        text = self.logs.get((made["metadata"]["namespace"], made["metadata"]["name"], name))
        if text is None:
            return None
        text = compare.plain(text.decode(errors="surrogateescape"), made)
        return "".join(line for line in text.splitlines(keepends=True)
                       if not (self.case.again and re.fullmatch(self.case.again, line.rstrip("\r\n"))))

    def compare_output(self, bare, guarded):
        for c in bare["spec"]["containers"] + bare["spec"].get("initContainers", []):
            a, b = self.output(bare, c["name"]), self.output(guarded, c["name"])
            if a != b and f"output of {c['name']}" not in self.case.documented:
                self.result.wrong.append(f"output of {c['name']}: {first_difference(a, b)}")

    def judge_records(self, made, first):
        key = made["metadata"]["namespace"], made["metadata"]["name"], "farguard-agent"
        if key not in self.logs:  # it went before the logs were read: evicted, or replaced by a rollout
            return
        log = records.Log(self.logs[key] or b"")
        wrong = records.shape(log, made, workload_of(made)) + records.coverage(log, self.case.covered, self.case.pid1)
        wrong += records.named(log, self.case.named)
        over = made["status"]["phase"] in ("Succeeded", "Failed") and not any(
            seen.made["metadata"].get("deletionTimestamp") and seen.made["status"]["phase"] == "Running"
            for seen in self.world.pods.by_uid[made["metadata"]["uid"]])
        # The end of what is not covered is the pod's: the agent is told to end.
        seen = over and not any(isinstance(how, tuple) for how in self.case.covered.values())
        # What takes the whole grace period is killed, and the agent, which waits for it, with it.
        if not any("137" in str(end) for end in compare.last_words(made).values()) or over:
            wrong += records.farewell(log, ("containers-ended",) if seen else ("terminated", "containers-ended"))
        self.result.wrong += wrong
        if first:
            self.result.how = log.how("main")
            self.result.ran = [args for args, _ in log.starts("main")]
            self.judge_sessions(log)

    def judge_sessions(self, log):
        image = IMAGES.get(self.case.row)
        for result in self.results[1:]:
            origin, container = ("exec", "main") if result.column == "kubectl exec" else ("ephemeral", "dbg")
            result.ran = [args for args, o in log.starts(container) if o == origin]
            result.how = log.how(container) if origin == "ephemeral" else "seen" if result.ran else "not seen"
            vectors = images.named_in_session(image) if origin == "exec" else image.named_when_ending()
            if not image.uncovered:
                result.wrong += records.named(log, {container: vectors}, origin)

    def measure(self, bare, guarded):
        for what, measure in MEASURES.items():
            self.world.sample(what, measure(bare), measure(guarded))


def first_difference(a, b):
    """Where two texts part, with a little of each."""
    if a is None or b is None:
        return f"bare {a!r:.300}, guarded {b!r:.300}"
    at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
    start = max(0, at - 80)
    return f"of {len(a)} and {len(b)} characters, from the {start}th on: bare {a[start:at + 200]!r}, guarded {b[start:at + 200]!r}"


def workload_of(made):
    """As a user names it: the controller, and a Deployment for its ReplicaSet."""
    owner = next((o for o in made["metadata"].get("ownerReferences", []) if o.get("controller")), None)
    if not owner:
        return f"Pod/{made['metadata']['name']}"
    if owner["kind"] == "ReplicaSet":
        return f"Deployment/{owner['name'].rsplit('-', 1)[0]}"
    return f"{owner['kind']}/{owner['name']}"


# --- times, in seconds -----------------------------------------------------------


def first(history, condition):
    return next((seen.time for seen in history if condition(seen)), None)


def between(start, end):
    def measure(history):
        a, b = first(history, start), first(history, end)
        return b - a if a is not None and b is not None and b >= a else None
    return measure


def is_ready(seen):
    return any(c["type"] == "Ready" and c["status"] == "True" for c in seen.made["status"].get("conditions", []))


def main_runs(seen):
    return any("running" in s["state"] for s in seen.made["status"].get("containerStatuses", []) if s["name"] == "main")


def ran(history):
    """How long the main container ran, as the runtime says it; whole seconds."""
    for s in history[-1].made["status"].get("containerStatuses", []):
        ended = s["state"].get("terminated")
        if s["name"] == "main" and ended and ended.get("startedAt") and ended.get("finishedAt"):
            return compare.seconds(ended["finishedAt"]) - compare.seconds(ended["startedAt"])
    return None


MEASURES = {
    "created until ready": between(lambda seen: True, is_ready),
    "the program started until ready": between(main_runs, is_ready),
    "created until over": between(lambda seen: True, lambda seen: seen.made["status"]["phase"] in ("Succeeded", "Failed")),
    "the program's run": ran,
    "deleted until gone": between(lambda seen: "deletionTimestamp" in seen.made["metadata"], lambda seen: seen.gone),
}
