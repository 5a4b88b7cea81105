"""cases.py - what is run twice: each image as each kind of workload, and pods of special shapes (shapes.py)."""
import dataclasses

import images
from images import IMAGES

SETTINGS = {"default": ("e2e-open-bare", "e2e-open-guarded"), "restricted": ("e2e-bare", "e2e-guarded")}
RESTRICTED = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
RESTRICTED_POD = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
KINDS = ("Pod", "Pod that ends", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "kubectl run -it")
COLUMNS = (*KINDS, "kubectl exec", "ephemeral container")
ASKED_TOO_EARLY = "event Warning Unhealthy main"  # a server by its first probe, which is a matter of time
HAVE_PRELOAD = {"jemalloc"}  # in ENV; what an ephemeral container without a command says of it differs
STATUS = {"Pod that ends": 5, "Job": 0, "CronJob": 3, "kubectl run -it": 7}


@dataclasses.dataclass(frozen=True)
class Case:
    name: str            # of its objects; unique in a namespace
    row: str             # an image or a shape
    column: str          # a kind, or how a shape is covered
    setting: str
    objects: list        # what is created; their namespace is still open
    until: object        # View -> bool: whether it has got where it is meant to get
    pods: int = 1
    serves: bool = False # its pods go on until they are deleted
    named: dict = dataclasses.field(default_factory=dict)    # container: programs that the agent must name
    covered: dict = dataclasses.field(default_factory=dict)  # container: how; or a tuple of reasons why not
    pid1: str = "farguard"  # who is the first process, as the agent says it
    again: str = ""      # lines that its containers go on to say
    actions: tuple = ()  # what is done to a settled twin, in both namespaces at once
    documented: tuple = ()  # what differs as injector/README.md and COVERAGE.md say, or is a matter of time, by compare.py's keys


# --- when a case has settled ---------------------------------------------------


def condition(made, name):
    return next((c["status"] for c in made.get("status", {}).get("conditions", []) if c["type"] == name), None)


def is_ready(made):
    return condition(made, "Ready") == "True" and "deletionTimestamp" not in made["metadata"]


def is_ended(made):
    return made["status"]["phase"] in ("Succeeded", "Failed")


def ready(count=1):
    return lambda view: sum(is_ready(p) for p in view.pods()) >= count


def ended(count=1):
    return lambda view: sum(is_ended(p) for p in view.pods()) >= count


def job_ended(view):
    return any(condition(j, "Complete") == "True" or condition(j, "Failed") == "True" for j in view.jobs())


# --- objects -------------------------------------------------------------------


def container(image, setting, **more):
    """With security restricted the root is read-only, and what the image must write has a volume."""
    known = {"name": "main", "image": IMAGES[image].reference, "imagePullPolicy": "Never",
             "env": [{"name": "GREETING", "value": "good $(DAY)"}, {"name": "DAY", "value": "day"}]}
    if setting == "restricted":
        known["securityContext"] = RESTRICTED
    return {**known, **more}


def read_only(image, main):
    """The container with a read-only root, and the volumes for what the image must write."""
    mounts = [{"name": f"w{index}", "mountPath": path} for index, path in enumerate(image.writable)]
    return ({**main, "securityContext": {**main["securityContext"], "readOnlyRootFilesystem": True}, "volumeMounts": mounts},
            [{"name": mount["name"], "emptyDir": {}} for mount in mounts])


def spec(setting, containers, restart="Always", grace=60, **more):
    """`grace`: much, for a loaded machine; what needs it is a shape."""
    security = {"securityContext": RESTRICTED_POD} if setting == "restricted" else {}
    return {"restartPolicy": restart, "containers": containers, "terminationGracePeriodSeconds": grace,
            "automountServiceAccountToken": False, **security, **more}


def made(kind, name, spec_of_it, **metadata):
    version = "v1" if kind in ("Pod", "Service", "ConfigMap") else "batch/v1" if kind in ("Job", "CronJob") else "apps/v1"
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "labels": {"case": name}, **metadata}, "spec": spec_of_it}


def template(name, pod_spec):
    return {"metadata": {"labels": {"case": name}}, "spec": pod_spec}


def pod(name, pod_spec):
    return [made("Pod", name, pod_spec)]


def job(name, pod_spec, **more):
    return [made("Job", name, {"backoffLimit": 0, "template": template(name, pod_spec), **more})]


def cron_job(name, pod_spec, schedule=None):
    """Without a schedule it is suspended: `kubectl create job --from` makes its Job."""
    return [made("CronJob", name, {
        "schedule": schedule or "0 0 1 1 *", "suspend": schedule is None, "concurrencyPolicy": "Forbid",
        "jobTemplate": {"metadata": {"labels": {"case": name}}, "spec": {"backoffLimit": 0, "template": template(name, pod_spec)}}})]


def service(name):
    return made("Service", name, {"selector": {"case": name}, "ports": [{"port": 80, "targetPort": 8080}]})


def deployment(name, pod_spec, replicas=1):
    return [service(name), made("Deployment", name, {
        "replicas": replicas, "selector": {"matchLabels": {"case": name}}, "template": template(name, pod_spec),
        "strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}})]


def stateful_set(name, pod_spec, replicas=1):
    headless = service(name)
    headless["spec"]["clusterIP"] = "None"
    return [headless, made("StatefulSet", name, {
        "replicas": replicas, "serviceName": name, "selector": {"matchLabels": {"case": name}}, "template": template(name, pod_spec)})]


def daemon_set(name, pod_spec):
    return [made("DaemonSet", name, {"selector": {"matchLabels": {"case": name}}, "template": template(name, pod_spec)})]


# --- each image as each kind -----------------------------------------------------


def inside(image, setting, fields, restart):
    """The spec of a pod with one container of an image; where security is restricted, its root is read-only."""
    main, volumes = container(image.name, setting, **fields), []
    if setting == "restricted":
        main, volumes = read_only(image, main)
    made_of_it = spec(setting, [main], restart, **({"volumes": volumes} if volumes else {}))
    if setting == "restricted" and image.uid is not None:
        made_of_it["securityContext"] = {**RESTRICTED_POD, "runAsUser": image.uid}
    return made_of_it


def of_image(image, kind, setting):
    name = f"{image.name}-{kind.lower().removeprefix('kubectl ').removesuffix(' -it').replace(' ', '-')}"
    status = STATUS.get(kind)
    covered = "command" if not image.commandless else image.uncovered or "self-wrap"
    named = image.named_when_serving() if status is None else image.named_when_ending()
    common = {"name": name, "row": image.name, "column": kind, "setting": setting, "again": images.again(image), "pid1": image.pid1,
              "named": {} if image.uncovered else {"main": named}, "covered": {"main": covered}}
    fields = image.to_serve() if status is None else image.to_end(status)
    if "readinessProbe" in fields:  # a loaded machine may take its time for one
        fields["readinessProbe"] = {**fields["readinessProbe"], "timeoutSeconds": 30}
    pod_spec = inside(image, setting, fields,
                      "Always" if status is None else "Never")
    if kind in ("Job", "CronJob"):
        build = job if kind == "Job" else cron_job
        return Case(**common, objects=build(name, pod_spec), until=job_ended, actions=("create job",) if kind == "CronJob" else ())
    if kind == "Pod that ends":
        return Case(**common, objects=pod(name, pod_spec), until=ended())
    if kind == "kubectl run -it":
        if images.has_shell(image):  # it is typed to
            common.update(named={}, covered={"main": "command"}, pid1="farguard")
        return Case(**common, objects=[], until=ended(), actions=("run",))
    builds = {"Pod": pod, "Deployment": deployment, "StatefulSet": stateful_set, "DaemonSet": daemon_set}
    return Case(**common, objects=builds[kind](name, pod_spec), until=ready(), serves=True,
                actions=("exec", "debug") if kind == "Pod" else (),
                documented=(ASKED_TOO_EARLY, *(("ephemeral container's output",) if image.name in HAVE_PRELOAD else ())))
