"""shapes.py - pods of special shapes, each by a command of the pod spec and by the library's self-wrap.

The shell's script is the same either way: as `command` in the image glibc, or as `args` of the image
python, which has no ENTRYPOINT.  Every container has a volume of its pod's own at /data.
"""
import cases
from cases import Case, condition, container, ended, is_ended, job_ended, pod, ready, spec

WAYS = {"command": ("glibc", "command"), "self-wrap": ("python", "args")}
SHAPES = {}


def shape(tells):
    """Registers a function (name, setting, sh) -> Case; `tells` is the table's line about it."""
    def register(function):
        SHAPES[function.__name__.replace("_", "-")] = (tells, function)
        return function
    return register


def build(row, way, setting):
    """The Case of a shape; `sh(script, ...)` makes a container that is covered this way."""
    image, field = WAYS[way]

    def sh(script, name="main", argv=None, **more):
        return container(image, setting, **{"volumeMounts": [{"name": "data", "mountPath": "/data"}],
                                            field: list(argv or ("sh", "-c", script)), **more, "name": name})
    case = SHAPES[row][1](f"{row}-{way}", setting, sh)
    covered = {c["name"]: way for o in case["objects"] for c in containers_of(o)}
    return Case(**{"row": row, "column": way, "setting": setting, "name": f"{row}-{way}", "covered": covered, **case})


def pod_spec_of(made):
    inner = made.get("spec", {})
    inner = inner.get("jobTemplate", {}).get("spec", inner)
    return inner.get("template", {}).get("spec", inner)


def containers_of(made):
    return pod_spec_of(made).get("containers", []) + pod_spec_of(made).get("initContainers", [])


def with_data(setting, containers, restart="Never", **more):
    return spec(setting, containers, restart, volumes=[{"name": "data", "emptyDir": {}}], **more)


def one(name, setting, main, restart="Never", until=None, **more):
    """A bare Pod with one container that ends, or that serves when it is always restarted."""
    serves = restart == "Always"
    return {"objects": pod(name, with_data(setting, [main], restart, **more)), "until": until or (ready() if serves else ended()),
            "serves": serves}


def statuses(made):
    status = made.get("status", {})
    return {s["name"]: s for s in status.get("initContainerStatuses", []) + status.get("containerStatuses", [])}


def restarted(count, waiting=None):
    """The main container has been restarted so often, and is ready again, or has been seen to wait for a reason."""
    def until(view):
        for history in view.pod_histories():
            for seen in history:
                main = statuses(seen.made).get("main")
                if main and main["restartCount"] >= count and (main["state"].get("waiting", {}).get("reason") == waiting if waiting else
                                                               condition(seen.made, "Ready") == "True"):
                    return True
        return False
    return until


# What a container says that is started again and again: a matter of the moment.
MOMENTARY = ("main restartCount", "main ready", "main started", "main state", "main lastState", "condition Ready",
             "condition ContainersReady", "event Normal Killing main", "event Normal Started main", "event Normal Created main",
             "event Normal Pulled main", "output of main")


def by_exec(*command, **more):
    """A probe each second; a loaded machine may take its time for one."""
    return {"exec": {"command": list(command)}, "periodSeconds": 1, "timeoutSeconds": 30, **more}


SERVE = "trap 'exit 0' TERM; while :; do sleep 1 & wait $!; done"

def field_of(sh):
    """The field that names a container's program."""
    return "args" if "args" in sh("") else "command"


# --- how a container ends ----------------------------------------------------------


@shape("terminationMessagePath, written by the program")
def message(name, setting, sh):
    return one(name, setting, sh("printf 'last words' >/dev/termination-log; exit 4"))


@shape("terminationMessagePolicy FallbackToLogsOnError")
def message_from_log(name, setting, sh):
    return one(name, setting, sh("echo one; echo two; exit 1", terminationMessagePolicy="FallbackToLogsOnError"))


@shape("restartPolicy OnFailure: fails twice, then succeeds; back-off and count")
def retries(name, setting, sh):
    script = "echo x >>/data/tries; n=$(wc -l </data/tries); /bin/echo try $n; [ $n -ge 3 ] || exit 3"
    return {**one(name, setting, sh(script), "OnFailure"), "named": {"main": [["/bin/echo", "try", "1"], ["/bin/echo", "try", "3"]]}}


@shape("restartPolicy Always: CrashLoopBackOff and its times")
def crash_loop(name, setting, sh):
    return {**one(name, setting, sh("/bin/echo up; exit 1"), "Always", restarted(2, "CrashLoopBackOff")), "serves": False,
            "documented": MOMENTARY}


@shape("the first process crashes: signal as the runtime reports it")
def segmentation_fault(name, setting, sh):
    return one(name, setting, sh(None, argv=("perl", "-e", "print unpack('p', pack('Q', 4096))")))


@shape("the kernel's OOM killer: reason and status")
def out_of_memory(name, setting, sh):
    return one(name, setting, sh(None, argv=("tail", "/dev/zero"), resources={"limits": {"memory": "32Mi"}}))


# The runtime may cut off what it has not read yet when a container ends, bare too.
@shape("20,000 lines of output, byte for byte")
def long_output(name, setting, sh):
    return one(name, setting, sh("seq 1 20000; sleep 2"))


@shape("two containers, of which one fails")
def two_containers(name, setting, sh):
    case = one(name, setting, sh("exit 0"))
    case["objects"][0]["spec"]["containers"].append(sh("sleep 1; exit 6", "second"))
    return case


@shape("activeDeadlineSeconds: the pod is ended and stays to be seen")
def deadline(name, setting, sh):
    return one(name, setting, sh("trap 'echo told; exit 4' TERM; while :; do sleep 1 & wait $!; done"), activeDeadlineSeconds=60)


# --- how a pod starts ---------------------------------------------------------------


@shape("init containers, a native sidecar with a startup probe, then the main one: order")
def init_order(name, setting, sh):
    first = sh("echo first >>/data/order; /bin/uname -m", "first")
    sidecar = sh(f"echo sidecar >>/data/order; {SERVE}", "sidecar", restartPolicy="Always",
                 startupProbe=by_exec("grep", "-q", "sidecar", "/data/order"))
    last = sh("echo last >>/data/order", "last")
    return {**one(name, setting, sh("cat /data/order"), initContainers=[first, sidecar, last]),
            "named": {"first": [["/bin/uname", "-m"]], "main": [["cat", "/data/order"]]}}


@shape("an init container fails once and is tried again")
def init_retried(name, setting, sh):
    script = "[ ! -e /data/once ] || exit 0; echo >/data/once; echo no; exit 2"
    return one(name, setting, sh("echo main"), "OnFailure", initContainers=[sh(script, "prepare")])


@shape("shareProcessNamespace: two containers")
def shared_processes(name, setting, sh):
    case = one(name, setting, sh("/bin/uname -s; sleep 1; exit 5"), shareProcessNamespace=True)
    case["objects"][0]["spec"]["containers"].append(sh("/bin/uname -m; exit 0", "second"))
    return {**case, "pid1": "shared", "named": {"main": [["/bin/uname", "-s"]], "second": [["/bin/uname", "-m"]]}}


@shape("read-only root, uid, gid, supplementary groups and fsGroup by number")
def numbers(name, setting, sh):
    script = ("id; touch /data/x; ls -ln --time-style=+ /data; touch /x 2>&1; umask; stat -c '%a %u %g' /dev/termination-log; "
              "cat /proc/self/uid_map")
    main = sh(script)
    main["securityContext"] = {**main.get("securityContext", {}), "readOnlyRootFilesystem": True}
    case = one(name, setting, main)
    inside = case["objects"][0]["spec"]
    inside["securityContext"] = {**inside.get("securityContext", {}), "runAsUser": 12345, "runAsGroup": 54321,
                                 "supplementalGroups": [3000], "fsGroup": 2000}
    return case


@shape("environment, host name, hosts, resolver, downward API")
def environment(name, setting, sh):
    script = ("hostname; cat /etc/hosts /etc/resolv.conf; env | grep -vE '^(FARGUARD_CONTAINER|LD_PRELOAD|_|SHLVL)=' | sort; pwd; "
              "ulimit -a; cat /proc/self/oom_score_adj; readlink /proc/self/exe /proc/self/fd/0; tty")
    main = sh(script, workingDir="/data", env=[
        {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "CPU", "valueFrom": {"resourceFieldRef": {"containerName": "main", "resource": "limits.cpu"}}},
        {"name": "EXPANDED", "value": "<$(POD)> $$(POD) $(NO)"}, {"name": "LINES", "value": "a\nb ü"}],
        resources={"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"cpu": "500m", "memory": "64Mi"}})
    return one(name, setting, main, enableServiceLinks=False, hostAliases=[{"ip": "127.0.0.3", "hostnames": ["alias.test"]}])


@shape("requests equal to limits: the QoS class, or the warning qos-changed")
def guaranteed(name, setting, sh):
    same = {"cpu": "50m", "memory": "32Mi"}
    return one(name, setting, sh("exit 0", resources={"limits": same, "requests": same}))


@shape("stdin and tty in the pod spec")
def terminal(name, setting, sh):
    return one(name, setting, sh("tty; stty size; test -t 0 && test -t 1 && test -t 2; echo $?; ps -o stat= -p $$ 2>/dev/null; exit 3",
                                 stdin=True, tty=True))


@shape("a program that is not there")
def missing(name, setting, sh):
    if field_of(sh) == "args":  # the runtime looks before anything of ours is there
        return {**one(name, setting, sh(None, argv=("/no/such/program",))), "covered": {"main": ("not-started", "static-entrypoint")}}
    return {**one(name, setting, sh(None, argv=("/no/such/program",))), "covered": {"main": ("not-started",)}, "documented": (
        "main state", "output of main", "event Normal Started main", "event Warning Failed main")}


# --- probes, hooks, end -------------------------------------------------------------


@shape("startup, readiness and liveness probes by exec, each second")
def probes(name, setting, sh):
    probe = by_exec("sh", "-c", "/bin/true probe")
    return {**one(name, setting, sh(SERVE, startupProbe=probe, readinessProbe=probe, livenessProbe=probe), "Always"),
            "named": {"main": [["/bin/true", "probe"]]}}


def readiness_of(history):
    """The values of Ready over time, without repetitions."""
    values = []
    for seen in history:
        value = condition(seen.made, "Ready") == "True"
        if not values or values[-1] != value:
            values.append(value)
    return values


@shape("a readiness probe that fails for a while: Ready and Service endpoints over time")
def readiness_flips(name, setting, sh):
    # Each state holds until the kubelet has asked a few times.
    hold = "n=$(wc -l </data/asked); until [ $(wc -l </data/asked) -gt $((n + 3)) ]; do sleep 0.2; done"
    script = f"echo >>/data/asked; {hold}; echo >/data/ready; {hold}; rm /data/ready; {hold}; echo >/data/ready; {SERVE}"
    probe = by_exec("sh", "-c", "echo >>/data/asked; test -e /data/ready", failureThreshold=1)
    case = one(name, setting, sh(script, readinessProbe=probe), "Always",
               lambda view: any(readiness_of(h)[-3:] == [True, False, True] for h in view.pod_histories()))
    case["objects"].insert(0, cases.service(name))
    return case


@shape("a liveness probe that fails: the container is restarted")
def liveness_fails(name, setting, sh):
    script = ("[ -e /data/sick ] || { trap 'exit 9' TERM; sleep 2; echo >/data/sick; sleep 600 & wait $!; }; "
              f"mv /data/sick /data/well; {SERVE}")
    probe = by_exec("sh", "-c", "! test -e /data/sick", failureThreshold=2)
    return one(name, setting, sh(script, livenessProbe=probe), "Always", restarted(1))


@shape("postStart and preStop by exec: run, and in order")
def hooks(name, setting, sh):
    script = ("until [ -e /data/order ]; do sleep 0.1; done; trap 'echo TERM >>/data/order; cat /data/order; exit 0' TERM; "
              "while :; do sleep 1 & wait $!; done")
    hook = {event: {"exec": {"command": ["sh", "-c", f"/bin/echo {event} >>/data/order"]}} for event in ("postStart", "preStop")}
    return {**one(name, setting, sh(script, lifecycle=hook), "Always"),
            "named": {"main": [["/bin/echo", "postStart"], ["/bin/echo", "preStop"]]}}


@shape("a postStart hook that fails")
def hook_fails(name, setting, sh):
    return one(name, setting, sh("trap 'echo told; exit 4' TERM; while :; do sleep 1 & wait $!; done",
                                 lifecycle={"postStart": {"exec": {"command": ["sh", "-c", "sleep 1; exit 5"]}}}))


@shape("a program that takes a second to end: its status, and the time")
def slow_end(name, setting, sh):
    return one(name, setting, sh("trap 'echo bye; sleep 1; exit 3' TERM; while :; do sleep 1 & wait $!; done"), "Always")


@shape("a program without a handler of SIGTERM, as process 1: killed after the grace period")
def unhandled(name, setting, sh):
    return one(name, setting, sh(None, argv=("sleep", "1000")), "Always", grace=4)


@shape("preStop, and a program that ignores SIGTERM: killed after the grace period")
def stubborn(name, setting, sh):
    hook = {"preStop": {"exec": {"command": ["sleep", "1"]}}}
    return one(name, setting, sh("trap '' TERM; while :; do sleep 1; done", lifecycle=hook), "Always", grace=4)


@shape("eviction: DisruptionTarget, and the end")
def evicted(name, setting, sh):
    return {**one(name, setting, sh(SERVE), "Always"), "actions": ("evict",)}


@shape("`kill -HUP 1` from an exec session, as for a reload")
def signalled(name, setting, sh):
    return {**one(name, setting, sh("trap 'echo reloaded' HUP; " + SERVE), "Always"), "actions": ("hup",)}


@shape("a line written to /proc/1/fd/1 by an exec session is in the container's log")
def log_of_pid_1(name, setting, sh):
    return {**one(name, setting, sh(SERVE), "Always"), "actions": ("write to pid 1",)}


# --- workloads ------------------------------------------------------------------------


@shape("StatefulSet of two: ordered start, names")
def ordered(name, setting, sh):
    probe = by_exec("test", "-e", "/data/ready")
    main = sh(f"hostname; sleep 1; echo >/data/ready; {SERVE}", readinessProbe=probe)
    return {"objects": cases.stateful_set(name, with_data(setting, [main], "Always"), 2), "until": ready(2), "pods": 2, "serves": True}


@shape("Deployment of two: a rollout without a gap")
def rollout(name, setting, sh):
    return {"objects": cases.deployment(name, with_data(setting, [sh(SERVE)], "Always"), 2), "until": ready(2), "pods": 2,
            "serves": True, "actions": ("roll out",)}


@shape("Indexed Job of three, two at a time")
def indexed_job(name, setting, sh):
    main = sh("echo $JOB_COMPLETION_INDEX; hostname")
    return {"objects": cases.job(name, with_data(setting, [main]), completions=3, parallelism=2, completionMode="Indexed"),
            "until": job_ended, "pods": 3}


@shape("Job whose pods fail until backoffLimit")
def job_gives_up(name, setting, sh):
    return {"objects": cases.job(name, with_data(setting, [sh("exit 3")]), backoffLimit=1), "until": job_ended, "pods": 2}


@shape("CronJob on its schedule")
def schedule(name, setting, sh):
    return {"objects": cases.cron_job(name, with_data(setting, [sh("echo now")]), "* * * * *"), "until": job_ended,
            "documented": ("CronJob active",)}
