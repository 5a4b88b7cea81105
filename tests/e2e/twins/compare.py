"""compare.py - what a user can tell of a pod, a workload, a Service: pure functions of what the API server said.

Each returns {what: value}; two such dictionaries, of the bare and of the guarded twin, must be equal.
What is Farguard's own (its two containers, their volumes) is left out, names of the twin become words.
"""
import collections
import datetime
import re

OURS = {"farguard-agent", "farguard-install"}
# How often these come is a matter of time; that they come is not.
BY_TIME = {"BackOff", "Unhealthy", "FailedScheduling", "FailedMount", "FailedToUpdateEndpointSlices", "FailedToUpdateEndpoint"}


def words_for(made):
    """What differs by name between twins, longest first, and the word that stands for it."""
    metadata, status = made["metadata"], made.get("status", {})
    names = {metadata["uid"]: "UID", metadata["name"]: "NAME", metadata["namespace"]: "NAMESPACE"}
    for ip in status.get("podIPs", []):
        names[ip["ip"]] = "IP"
    for owner in metadata.get("ownerReferences", []):
        names[owner["name"]] = "OWNER"
    return sorted(names.items(), key=lambda item: -len(item[0]))


def plain(text, made):
    for name, word in words_for(made):
        text = text.replace(name, word)
    return re.sub(r"[0-9a-f]{64}", "ID", text)


def without_ours(text):
    """"containers with unready status: [main farguard-agent]" without us."""
    def rest(match):
        return "[" + " ".join(w for w in match[1].split() if w not in OURS) + "]"
    return re.sub(r"\[([^]]*)\]", rest, text)


def state_of(state, made):
    for kind, detail in state.items():
        told = {key: plain(detail[key], made) for key in ("reason", "message") if detail.get(key)}
        if kind == "terminated":
            told.update(exitCode=detail["exitCode"], signal=detail.get("signal", 0))
        return (kind, *sorted(told.items()))
    return ()


def containers(made):
    """{name of container + what: value} of init, main and ephemeral containers."""
    status = made["status"]
    told = {}
    for group in ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"):
        for s in status.get(group, []):
            if s["name"] in OURS:
                continue
            told.update({f"{s['name']} {key}": s.get(key) for key in ("restartCount", "ready", "started", "image", "resources", "user")})
            told[f"{s['name']} state"] = state_of(s["state"], made)
            told[f"{s['name']} lastState"] = state_of(s.get("lastState", {}), made)
    return told


def conditions(made):
    return {f"condition {c['type']}": (c["status"], c.get("reason"), without_ours(plain(c.get("message", ""), made)))
            for c in made["status"].get("conditions", [])}


def pod(made):
    status = made["status"]
    told = {"phase": status["phase"], "reason": status.get("reason"), "message": status.get("message"),
            "addresses": len(status.get("podIPs", [])), "host name": made["spec"].get("hostname")}
    return {**told, **containers(made), **conditions(made)}


def last_words(made):
    """What is left to be told when a pod goes: each container's end."""
    return {key: value for key, value in containers(made).items() if key.endswith(("state", "restartCount"))}


def changes(values):
    """A sequence without its repetitions."""
    return [v for i, v in enumerate(values) if i == 0 or v != values[i - 1]]


def readiness(history):
    """Whether the pod was ready, over time."""
    return changes([any(c["type"] == "Ready" and c["status"] == "True" for c in seen.made["status"].get("conditions", []))
                    for seen in history])


def phases(history):
    return changes([seen.made["status"]["phase"] for seen in history])


def endpoints(histories):
    """How many addresses of a Service were ready, over time; on the way down one may be seen or not."""
    moments = sorted((seen.time, index, seen) for index, history in enumerate(histories) for seen in history)
    ready, counts = {}, []
    for _, index, seen in moments:
        slice_of_it = [] if seen.gone else seen.made.get("endpoints") or []
        ready[index] = sum(len(e["addresses"]) for e in slice_of_it if e.get("conditions", {}).get("ready"))
        counts.append(sum(ready.values()))
    told = changes(counts)
    return [n for i, n in enumerate(told) if not 0 < i < len(told) - 1 or not told[i - 1] > n > told[i + 1]]


def seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def pauses(history):
    """The seconds between a container's end and its next start: the kubelet's back-off; {container: [seconds]}."""
    runs = collections.defaultdict(dict)
    for seen in history:
        for s in seen.made["status"].get("containerStatuses", []):
            for state in (s["state"], s.get("lastState", {})):
                detail = state.get("terminated") or state.get("running") or {}
                if s["name"] not in OURS and detail.get("startedAt"):
                    runs[s["name"]].setdefault(detail["startedAt"], None)
                    if detail.get("finishedAt"):
                        runs[s["name"]][detail["startedAt"]] = detail["finishedAt"]
    told = {}
    for name, times in runs.items():
        ordered = sorted(times.items())
        told[name] = [seconds(start) - seconds(end) for (_, end), (start, _) in zip(ordered, ordered[1:]) if end]
    return told


def events(listed):
    """{reason of an object or container: count} of Events, ours left out."""
    told = collections.Counter()
    for event in listed:
        container = re.sub(r".*\{(.*)\}", r"\1", event["involvedObject"].get("fieldPath", ""))
        if container in OURS:
            continue
        reason = f"event {event['type']} {event['reason']} {container}".rstrip()
        told[reason] = 1 if event["reason"] in BY_TIME else told[reason] + event.get("count", 1)
    return dict(told)


def workload(made):
    """What a Job, a Deployment, a StatefulSet, a DaemonSet says of its pods."""
    status = dict(made.get("status", {}))
    for key in ("startTime", "completionTime", "lastScheduleTime", "lastSuccessfulTime", "currentRevision", "updateRevision",
                "uncountedTerminatedPods", "observedGeneration"):
        status.pop(key, None)
    listed = status.pop("conditions", [])
    told = {f"{made['kind']} {key}": plain(str(value), made) for key, value in status.items()}
    for c in listed:
        # A ReplicaSet is named in it by its hash.
        told[f"{made['kind']} condition {c['type']}"] = (c["status"], c.get("reason"),
                                                          re.sub(r'"[^"]*"', '""', plain(c.get("message", ""), made)))
    return told


def differences(bare, guarded, documented):
    """Lines that name what differs; those of `documented` are left out."""
    return [f"{key}: bare {bare.get(key)!r}, guarded {guarded.get(key)!r}" for key in sorted(set(bare) | set(guarded))
            if bare.get(key) != guarded.get(key) and key not in documented]
