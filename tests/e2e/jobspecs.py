"""jobspecs.py - the Jobs and CronJobs that jobs.py compares, and what is known of each."""
from workloads import RESTRICTED

# The Job controller or an eviction removes some of their pods.
PODS_ARE_REMOVED = {"deadline", "limit", "evicted", "paused", "suspended", "success-policy", "removed"}
# Their time is the test's as well.
ACTED_ON = {"evicted", "paused", "suspended"}
# With a plain agent as well; the others are about the Job controller alone.
ALSO_PLAIN = {"ok", "fails", "again", "policy-container", "policy-any", "deadline", "deadline-pod", "indexed-fails", "two", "two-fails", "init",
              "own-sidecar", "success-policy"}
# What stands in the agents' logs: container, word.
SAYS = {"ok": {("main", "done")}, "again": {("main", "first"), ("main", "second")}, "two": {("main", "one"), ("other", "two")},
        "init": {("prepare", "prepared"), ("flaky", "first"), ("flaky", "second"), *((f"quick-{i}", "quick") for i in range(4)), ("main", "done")},
        "own-sidecar": {("helper", "helping"), ("main", "done")}}
# A plain agent never starts in a pod that ends during init; its Job has no log to look at.
UNRECORDED = {"e2e-jobs-plain": {"init-fails"}}

AGAIN = "if [ -e /data/{0} ]; then /bin/echo second; exit 0; fi; : >/data/{0}; /bin/echo first; exit 3"
LONG = "trap 'exit 0' TERM; i=0; while [ $i -lt 6000 ]; do sleep 0.1; i=$((i+1)); done"


def container(script, name="main", **more):
    return {"name": name, "image": "farguard.test/sample-glibc:dev", "imagePullPolicy": "Never", "command": ["/bin/sh", "-c", script],
            "volumeMounts": [{"name": "data", "mountPath": "/data"}], "securityContext": RESTRICTED, **more}


def spec(*scripts, restart="Never", init=(), **more):
    containers = [s if isinstance(s, dict) else container(s) for s in scripts]
    return {"restartPolicy": restart, "containers": containers, "terminationGracePeriodSeconds": 10, "automountServiceAccountToken": False,
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
            "volumes": [{"name": "data", "emptyDir": {}}], **({"initContainers": list(init)} if init else {}), **more}


def job(name, pod, **more):
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name},
            "spec": {**({} if "backoffLimitPerIndex" in more else {"backoffLimit": 0}), "template": {"metadata": {"labels": {"case": name}}, "spec": pod}, **more}}


def policy(action, **rule):
    return {"podFailurePolicy": {"rules": [{"action": action, **rule}]}}


def indexed(**more):
    return {"completionMode": "Indexed", **more}


def simple():
    yield job("deadline", spec(LONG), activeDeadlineSeconds=20)
    yield job("deadline-pod", spec(LONG, activeDeadlineSeconds=20))
    yield job("ok", spec("/bin/echo done"))
    yield job("fails", spec("exit 3"), backoffLimit=1)
    yield job("again", spec(AGAIN.format("main"), restart="OnFailure"), backoffLimit=2)
    yield job("limit", spec("exit 3", restart="OnFailure"), backoffLimit=1)
    yield job("parallel", spec("sleep 1"), completions=5, parallelism=3)
    yield job("removed", spec("exit 0"), ttlSecondsAfterFinished=3)
    yield job("two", spec("sleep 1; /bin/echo one", container("sleep 3; /bin/echo two", "other")))
    yield job("two-fails", spec("exit 5", container("sleep 2", "other")))


def policies():
    yield job("policy-container", spec("exit 42"), backoffLimit=3,
              **policy("FailJob", onExitCodes={"containerName": "main", "operator": "In", "values": [42]}))
    yield job("policy-any", spec("exit 42"), backoffLimit=3, **policy("FailJob", onExitCodes={"operator": "NotIn", "values": [1, 3]}))
    yield job("policy-ignore", spec('[ "$JOB_COMPLETION_INDEX" = 0 ] && exit 7; exit 0'), **indexed(completions=2, parallelism=2, backoffLimitPerIndex=0),
              **policy("FailIndex", onExitCodes={"operator": "In", "values": [7]}))
    yield job("evicted", spec("sleep 8"), **policy("Ignore", onPodConditions=[{"type": "DisruptionTarget"}]))


def indexes():
    yield job("indexed", spec('/bin/echo "index $JOB_COMPLETION_INDEX"'), **indexed(completions=4, parallelism=2))
    yield job("indexed-fails", spec("exit $((JOB_COMPLETION_INDEX % 2))"), **indexed(completions=4, parallelism=4, backoffLimitPerIndex=0))
    yield job("success-policy", spec(f'[ "$JOB_COMPLETION_INDEX" = 0 ] && exit 0; {LONG}'), **indexed(
        completions=3, parallelism=3, successPolicy={"rules": [{"succeededIndexes": "0"}]}))


def inits():
    quick = [container("/bin/echo quick", f"quick-{i}") for i in range(4)]
    yield job("init", spec("/bin/echo done", restart="OnFailure", init=[
        container("/bin/echo prepared", "prepare"), container(AGAIN.format("init"), "flaky"), *quick]), backoffLimit=3)
    yield job("init-fails", spec("exit 0", init=[container("exit 7", "prepare")]))
    helper = container(f"/bin/echo helping; {LONG}", "helper", restartPolicy="Always")
    yield job("own-sidecar", spec("sleep 1; /bin/echo done", init=[helper]))


def suspended():
    yield job("suspended", spec("exit 0"), suspend=True)
    yield job("paused", spec("trap 'exit 0' TERM; [ -e /data/x ] || sleep 3"))


def crons():
    for concurrency in ("Allow", "Forbid", "Replace"):
        yield {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": concurrency.lower()}, "spec": {
            "schedule": "* * * * *", "concurrencyPolicy": concurrency, "jobTemplate": {"spec": job("", spec(LONG))["spec"]}}}


def all_jobs():
    for some in (simple, policies, indexes, inits, suspended, crons):
        yield from some()
