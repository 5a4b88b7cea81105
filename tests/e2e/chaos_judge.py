"""chaos_judge.py - whether a guarded pod differs from its bare twin, and what its agent wrote.

What is not a difference, and why:
  - A pod is not ready while one of its containers is started again: the agent's is, if the node kills its first process
    (`agent-first`).  As the agent is a native sidecar, that is all.
  - A kubelet that ends between the runtime's "created" and its own note of it starts a new container in its place
    (kuberuntime: a container in state Created is always started again), or a new sandbox, and counts a restart.  That may
    hit one twin and not the other, so where a kubelet ended in a pod's life its restarts are not compared, and of what it
    said only the last run; and with probes it is not ready until it has been probed anew.
  - A kubelet that ends while it has the runtime start a container takes the container with it (StartError, 128: the runtime
    gives up what nobody waits for).  That is the end of a container that is never restarted, for one of the twins or
    both; such a pair is counted as spoiled and not compared further.
  - A probe that the kubelet gives up while containerd's shim starts it leaves the shim waiting for the probe's pipes for 30
    seconds, and until then it passes no signal on ("failed to start exec" in containerd's log, for either twin as it
    happens): the time that such a pod takes to end is not compared, and the pair counted as spoiled.
  - QoS, which the agent's limits change, is the matrix' business.
"""
import datetime
import json
import pathlib

import jsonschema
from chaos_api import statuses
from workloads import OURS

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "injector/report/schema.json").read_text())
VALIDATOR = jsonschema.validators.validator_for(SCHEMA)(SCHEMA)


def outcome(watch, seen, loose):
    """What a user of this pod can tell of it.  `loose`: a kubelet ended meanwhile."""
    out = {"phase": seen.phase, "reason": seen.pod["status"].get("reason")}
    for status in statuses(seen.pod):
        name = status["name"]
        if name in OURS:
            continue
        ended = status["state"].get("terminated") or {}
        runs = watch.log(seen, name)
        if loose:
            runs = [r for r in runs if any(r.values())][-1:]
        out[name] = {"exit": ended.get("exitCode"), "signal": ended.get("signal"), "reason": ended.get("reason"), "said": runs,
                     **({} if loose else {"restarts": status["restartCount"]})}
    return out


def time_to_end(seen, asked):
    """Seconds from `asked`, when it was deleted, to the end of its last container, or None.  When the object goes is the
    kubelet's business."""
    ends = [s["state"]["terminated"]["finishedAt"] for s in statuses(seen.pod)
            if (s["state"].get("terminated") or {}).get("finishedAt")]
    if not ends or not asked:
        return None
    return datetime.datetime.fromisoformat(max(ends).replace("Z", "+00:00")).timestamp() - asked


def spoiled(seen):
    """Whether the kubelet's end took a container with it that was being started."""
    return any((status[kind].get("terminated") or {}).get("reason") == "StartError" for status in statuses(seen.pod)
               for kind in ("state", "lastState") if kind in status)


def held(folder, seen):
    """Whether the runtime gave up a probe that it was starting in one of the pod's containers."""
    log = pathlib.Path(folder, "log", "containerd").read_text(errors="replace")
    given_up = [line for line in log.splitlines() if "failed to start exec" in line and "context canceled" in line]
    ids = [s["containerID"].rsplit("/", 1)[-1] for s in statuses(seen.pod) if s.get("containerID")]
    return any(i in line for i in ids for line in given_up)


def own_containers(seen, hits, loose):
    """What is wrong with Farguard's own containers."""
    lost = any(h[1] == "agent-first" for h in hits)
    for status in statuses(seen.pod):
        if status["name"] not in OURS:
            continue
        ended = status["state"].get("terminated")  # in any run: the last one counts
        if status["restartCount"] and not loose and not (lost and status["name"] == "farguard-agent"):
            yield f"{status['name']} was restarted {status['restartCount']} times"
        if ended and ended["exitCode"] and not lost:
            yield f"{status['name']} ended with {ended['exitCode']} ({ended.get('reason')})"


def records_of(lines):
    records, broken = [], []
    for line in lines:
        try:
            records.append(json.loads(line))
        except ValueError:
            broken.append(line[:200])
    return records, broken


def log_faults(watch, seen, hits, whole):
    """What is wrong with the agent's log.  `whole`: the pod ended by itself, and nothing was done to it."""
    runs = watch.log(seen, "farguard-agent")
    for number, run in enumerate(runs):
        records, broken = records_of(run["stdout"])
        if broken:  # no line here is longer than a pipe takes at once, so none can be cut by a kill
            yield f"no record: {broken[:3]}"
        if run["stderr"] and not any(h[1] == "agent-first" for h in hits):
            yield f"on standard error: {run['stderr'][:3]}"
        sequence = [r.get("seq") for r in records]
        if sequence != list(range(1, len(records) + 1)):
            at = next(i for i, s in enumerate(sequence) if s != i + 1)
            yield f"run {number}: the sequence has {sequence[max(0, at - 2):at + 3]} at {at} of {len(sequence)}"
        for record in records:
            error = next(VALIDATOR.iter_errors(record), None)
            if error:
                yield f"not by the schema: {error.message[:160]}: {json.dumps(record)[:300]}"
                break
            if record["pod"] != seen.name:
                yield f"about another pod: {record['pod']}"
                break
    if whole:
        yield from missing(runs)


def missing(runs):
    """An agent that nobody touched has said it all."""
    records = [r for run in runs for r in records_of(run["stdout"])[0]]
    if not records or records[-1]["kind"] != "goodbye":
        yield f"no goodbye, but {[r['kind'] for r in records[-3:]]}"
    if not any(r["kind"] == "coverage" and r.get("covered") for r in records):
        yield f"nothing covered: {[(r.get('container'), r.get('reason')) for r in records if r['kind'] == 'coverage']}"
    drops = [(r["where"], r["count"]) for r in records if r["kind"] == "drop"]
    if drops:
        yield f"dropped {drops}"
