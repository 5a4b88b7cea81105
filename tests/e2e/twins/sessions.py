"""sessions.py - what a user does to a running pod, in both namespaces at once: kubectl run -it, exec, debug and others.

Each function (world, view) returns {what: value}, which must be the same for both twins.
"""
import json
import os
import pty
import re
import subprocess
import threading
import time

import api
import cases
import compare
import images
from images import IMAGES


PATIENCE = 300  # seconds for what must happen: much, for a loaded machine


def kubectl(world, view, *arguments, typed=b"", seconds=PATIENCE):
    """Status, standard output and errors of a kubectl."""
    done = subprocess.run([world.kubectl, "kubectl", "-n", view.namespace, *arguments], input=typed, capture_output=True,
                          timeout=seconds, check=False)
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


def in_terminal(argv, typed, seconds=PATIENCE):
    """Status and output of a program in a terminal of its own; `typed` waits in it from the start."""
    master, slave = pty.openpty()
    os.write(master, typed)
    said = bytearray()
    with subprocess.Popen(argv, stdin=slave, stdout=slave, stderr=slave, start_new_session=True) as process:
        os.close(slave)
        timer = threading.Timer(seconds, process.kill)
        timer.start()
        try:
            while piece := os.read(master, 65536):
                said += piece
        except OSError:  # EIO: the last one that had the terminal is gone
            pass
        status = process.wait()
        timer.cancel()
    os.close(master)
    return status, said.decode(errors="replace")


TYPED = "read line; echo \"got $line\"; tty; test -t 0 && test -t 1; echo $?; exit 7"
SAID_BY_KUBECTL = re.compile(r"Defaulted container|If you don't see|All commands and output|warning: couldn't attach|"
                             r"Error attaching|^$|^pod .* terminated \(")


def run(world, view):
    """kubectl run -it: the image's shell is typed to, an image without one does its work."""
    case, image = view.case, IMAGES[view.case.row]
    fields = {"command": ["sh", "-c", TYPED]} if images.has_shell(image) else image.to_end(cases.STATUS[case.column])
    inside = cases.inside(image, case.setting, {**fields, "stdin": True, "stdinOnce": True, "tty": True}, "Never")
    status, said = in_terminal([
        world.kubectl, "kubectl", "-n", view.namespace, "run", case.name, "-it", "--restart=Never", f"--pod-running-timeout={PATIENCE}s",
        f"--image={image.reference}", "--image-pull-policy=Never", f"--labels=case={case.name}",
        f"--overrides={json.dumps({'apiVersion': 'v1', 'spec': inside})}"], b"word\r")
    lines = [line for line in said.replace("\r", "").split("\n") if not SAID_BY_KUBECTL.search(line)]
    told = {"kubectl run: status": status}
    # What a program says before kubectl is there, it says to nobody.
    return {**told, "kubectl run: terminal": lines} if images.has_shell(image) else told


def exec_session(world, view):
    status, out, err = kubectl(world, view, "exec", "-i", view.pods()[0]["metadata"]["name"], "-c", "main", "--",
                               *images.session(IMAGES[view.case.row]))
    return {"kubectl exec: status": status, "kubectl exec: output": out, "kubectl exec: errors": compare.plain(err, view.pods()[0])}


def debugged(image, status):
    """kubectl's arguments for what an ephemeral container does."""
    fields = image.to_end(status)
    return ["--arguments-only", "--", *fields["args"]] if "args" in fields else ["--", *fields["command"]]


def debug(world, view):
    """An ephemeral container of the pod's own image does its work and ends with 9."""
    image, made = IMAGES[view.case.row], view.pods()[0]
    name = made["metadata"]["name"]
    profile = "restricted" if view.case.setting == "restricted" else "general"
    status, out, err = kubectl(world, view, "debug", name, f"--profile={profile}", f"--image={image.reference}", "--quiet",
                               "--image-pull-policy=Never", "--container=dbg", *debugged(image, 9))

    def end():
        statuses = view.pods()[0]["status"].get("ephemeralContainerStatuses", [])
        return statuses and statuses[0]["state"].get("terminated")
    world.wait(PATIENCE, end)
    log = world.api.log(view.namespace, name, "dbg") or b""
    return {"kubectl debug": (status, out, err), "ephemeral container's output": log,
            "ephemeral container's end": compare.state_of({"terminated": end()}, made) if end() else None}


def create_job(world, view):
    status, _, err = kubectl(world, view, "create", "job", f"{view.case.name}-now", f"--from=cronjob/{view.case.name}")
    return {"kubectl create job": (status, err)}


def evict(world, view):
    made = view.pods()[0]
    name = made["metadata"]["name"]
    world.api.ask("POST", f"{api.path_of('Pod', view.namespace, name)}/eviction", {
        "apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": view.namespace}})
    world.wait(PATIENCE, lambda: not view.pods())
    last = view.pod_histories()[0][-1].made
    return {"DisruptionTarget": compare.conditions(last).get("condition DisruptionTarget")}


def until_said(world, view, text):
    """Waits for a line in the main container's log; whether it came."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if text in (world.api.log(view.namespace, view.pods()[0]["metadata"]["name"], "main") or b""):
            return True
        time.sleep(0.3)
    return False


def in_shell(world, view, script):
    return kubectl(world, view, "exec", view.pods()[0]["metadata"]["name"], "-c", "main", "--", "sh", "-c", script)


def hup(world, view):
    return {"session": in_shell(world, view, "kill -HUP 1"), "told": until_said(world, view, b"reloaded")}


def write_to_pid_1(world, view):
    return {"session": in_shell(world, view, "echo by pid 1 >/proc/1/fd/1"), "told": until_said(world, view, b"by pid 1")}


def roll_out(world, view):
    name = view.case.name
    world.api.ask("PATCH", api.path_of("Deployment", view.namespace, name), {"spec": {"template": {"metadata": {
        "annotations": {"round": "2"}}}}}, content="application/merge-patch+json")
    status, out, _ = kubectl(world, view, "rollout", "status", "deployment", name, f"--timeout={PATIENCE}s")
    world.wait(PATIENCE, lambda: len(view.pods()) == 2)
    return {"kubectl rollout status": (status, out.splitlines()[-1:])}


ACTIONS = {"run": run, "exec": exec_session, "debug": debug, "create job": create_job, "evict": evict, "hup": hup,
           "write to pid 1": write_to_pid_1, "roll out": roll_out}
BEFORE = ("run", "create job")  # they make the pods
COLUMN = {"exec": "kubectl exec", "debug": "ephemeral container"}  # those that have a column of their own
