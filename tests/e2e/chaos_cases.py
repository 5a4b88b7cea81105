"""chaos_cases.py - the pods and Jobs of tests/e2e/chaos.py: small, of every kind of end, each one's end known beforehand.

Why      What is compared must not depend on when something happened: a case says each line once, and a
         case that serves is deleted only when it is ready, so that its handler of SIGTERM is in place.
Limits   A bare first process ignores what it sends itself (pid_namespaces(7)) and a guarded program is none;
         the README says so.  So signals that kill are a fault's, or a child's.
"""
from workloads import container, job, pod, spec

# A handler that takes a moment; dash takes a trap only while it waits.
SERVE = ('trap "/bin/sleep 0.5; echo bye; exit 0" TERM; echo up; echo >/data/up; '
         'while :; do /bin/sleep 0.3 & wait $!; done')
READY = {"exec": {"command": ["/bin/sh", "-c", "test -e /data/up"]}, "periodSeconds": 2, "timeoutSeconds": 30}
AGAIN = ('if [ -e /data/once ]; then echo second; exit 0; fi; echo >/data/once; echo first; exit 3')
FAULT = "import faulthandler; faulthandler._read_null()"
DATA = {"volumes": [{"name": "data", "emptyDir": {}}]}
MOUNT = {"volumeMounts": [{"name": "data", "mountPath": "/data"}]}


def shell(script, **more):
    return container("glibc", command=["/bin/sh", "-c", script], **more)


def served(**probes):
    return {**spec([shell(SERVE, readinessProbe=READY, **MOUNT, **probes)], **DATA)}


def retried(name, pod_spec, **more):
    made = job(name, pod_spec)
    made["spec"].update(more)
    return made


# Name of a case: how it is made.  `-served` are deleted when they are ready, `-fleeting` at any moment.
CASES = {
    "exit-0": lambda n: pod(n, spec([container("glibc", args=["exit", "0"])], "Never")),
    "exit-3": lambda n: pod(n, spec([container("glibc", args=["exit", "3"])], "Never")),
    "wrapped": lambda n: pod(n, spec([shell("echo said; echo complained >&2; exit 7")], "Never")),
    "musl": lambda n: pod(n, spec([container("musl", command=["worker"], args=["exit", "5"])], "Never")),
    "static": lambda n: pod(n, spec([container("static", command=["/bin/worker"], args=["exit", "0"])], "OnFailure")),
    "python": lambda n: pod(n, spec([container("python", args=["python3", "worker.py", "exit", "4"])], "Never")),
    "fault": lambda n: pod(n, spec([container("python", command=["python3", "-c", FAULT])], "Never")),
    "child-killed": lambda n: pod(n, spec([shell("/bin/sh -c 'kill -9 $$'; s=$?; echo $s; exit $s")], "Never")),
    "orphan": lambda n: pod(n, spec([shell("(/bin/sleep 2; echo late) & echo left; exit 0")], "Never")),
    "again": lambda n: pod(n, spec([shell(AGAIN, **MOUNT)], "OnFailure", **DATA)),
    "onfailure": lambda n: pod(n, spec([container("glibc", args=["exit", "0"])], "OnFailure")),
    "slow": lambda n: pod(n, spec([shell("for i in 1 2 3 4 5 6; do /bin/sleep 0.5; echo $i; done; exit 6")], "Never")),
    "burst": lambda n: pod(n, spec([shell("i=0; while [ $i -lt 120 ]; do i=$((i+1)); /bin/echo $i; done")], "Never")),
    "init": lambda n: pod(n, spec([shell("/bin/cat /data/made; exit 2", **MOUNT)], "Never", **DATA, initContainers=[
        {**shell("/bin/uname -s >/data/made; echo made", **MOUNT), "name": "prepare"}])),
    "two": lambda n: pod(n, spec([shell("echo one; exit 0"), {**shell("/bin/sleep 1; echo two; exit 8"), "name": "second"}], "Never")),
    "served": lambda n: pod(n, served()),
    "probed-served": lambda n: pod(n, served(
        livenessProbe={"exec": {"command": ["/bin/true"]}, "periodSeconds": 3, "timeoutSeconds": 30, "failureThreshold": 10},
        startupProbe={"exec": {"command": ["/bin/true"]}, "periodSeconds": 1, "timeoutSeconds": 30, "failureThreshold": 60})),
    "fleeting": lambda n: pod(n, {**spec([shell(SERVE, **MOUNT)], **DATA), "terminationGracePeriodSeconds": 3}),
    "job": lambda n: job(n, spec([container("glibc", args=["exit", "0"])], "Never")),
    "job-fails": lambda n: job(n, spec([shell("echo no; exit 9")], "Never")),
    "job-again": lambda n: retried(n, spec([shell(AGAIN, **MOUNT)], "OnFailure", **DATA), backoffLimit=4),
    "job-indexed": lambda n: retried(n, spec([shell("echo $JOB_COMPLETION_INDEX; /bin/sleep 1")], "Never"),
                                     completionMode="Indexed", completions=2, parallelism=2),
    "job-slow": lambda n: job(n, spec([shell("for i in 1 2 3 4; do /bin/sleep 0.5; echo $i; done")], "Never")),
}


def starts(case):
    """How many pods it makes."""
    return 2 if case == "job-indexed" else 1


def make(case, name, namespace):
    made = CASES[case](name)
    made["metadata"]["namespace"] = namespace
    return made
