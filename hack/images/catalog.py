#!/usr/bin/env python3
"""catalog.py - the sample images: what each is, how it is driven, and how a pod of it is covered.

Why   archive.py builds from this, the end-to-end tests start and judge by it: one place says what an image is.
Run   prints the images as JSON.
"""
import dataclasses
import json
import sys

WORKER = {"usr/local/bin/worker": "worker.sh"}
PLAIN_USER = "65532:65532"
UNAME_LS = (("/bin/uname", "-s"), ("/bin/ls", "/no/such/file"))
TOOL = (("tool", "0", "one argument", "", "two"), ("tool", "7"))
HTTP = {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1, "timeoutSeconds": 5}


@dataclasses.dataclass(frozen=True)
class Image:
    """One sample image, farguard.test/sample-NAME:dev.

    The first half is its OCI configuration.  `files` maps a path in the image to a source in hack/images, or in
    build/images behind "build:".  Those with `archive` None are built by samples.sh.

    `libc`       what its entrypoint is linked with: glibc, musl, none
    `uncovered`  why a pod without a command is not covered, () where the loader brings the library in (self-wrap)
    `ending`     what the container is started with to end with a status: a function of it, giving the image's own
                 argument vector behind ENTRYPOINT (or the whole one, where `commandless` is False)
    `serving`    the same for serving, None where the image's CMD does it
    `starts`     the argument vectors that the log names when it ends or serves; `ends_only`, `serves_only` besides
    `probe`      a readiness probe that really asks the server
    `uid`        the user to ask for where pods must not be root, None where the image's own USER is a number
    `writable`   directories that need a volume where the root file system is read-only
    `pid1`       "program": the entrypoint insists on being process 1
    """
    name: str
    libc: str
    ending: object
    archive: object = ()
    files: dict = dataclasses.field(default_factory=dict)
    entrypoint: tuple = ()
    cmd: tuple = ()
    user: str = PLAIN_USER
    env: tuple = ()
    workdir: str = "/"
    stop: str = ""
    uncovered: tuple = ()
    commandless: bool = True
    serving: object = None
    starts: tuple = ()
    ends_only: tuple = ()
    serves_only: tuple = ()
    probe: object = None
    uid: object = None
    writable: tuple = ("/tmp",)
    pid1: str = "farguard"

    @property
    def reference(self):
        return f"farguard.test/sample-{self.name}:dev"

    @property
    def by_root(self):
        """Whether it starts as root where nobody says otherwise."""
        return self.user == ""

    def _vector(self, argv):
        return {} if argv is None else {"args": list(argv)} if self.commandless else {"command": list(argv)}

    def to_end(self, status):
        """The fields of a container that make it end with `status`."""
        return self._vector(self.ending(str(status)))

    def to_serve(self):
        """The fields of a container that make it serve, its readiness probe included."""
        return {**self._vector(self.serving), **({"readinessProbe": self.probe} if self.probe else {})}

    def named_when_ending(self):
        return [list(argv) for argv in self.starts + self.ends_only]

    def named_when_serving(self):
        return [list(argv) for argv in self.starts + self.serves_only]


def _shell(status):
    return ("sh", "-c", f"/bin/ls /etc/hostname; exit {status}")


LS_HOSTNAME = (("/bin/ls", "/etc/hostname"),)
REDIS = ("redis-server", "--save", "", "--loglevel", "warning", "--logfile", "/tmp/redis.log", "--dir", "/tmp")
POSTGRES = ("postgres", "-c", "log_min_messages=panic", "-c", "fsync=off")
FPM = ("php-fpm", "-y", "/etc/php-fpm.conf")

IMAGES = {image.name: image for image in (
    # The first six come from samples.sh.
    Image("glibc", "glibc", lambda n: ("exit", n), None, starts=UNAME_LS),
    Image("musl", "musl", lambda n: ("worker", "exit", n), None, starts=TOOL, uncovered=("musl-without-lookup", "static-entrypoint")),
    Image("static", "none", lambda n: ("exit", n), None, uncovered=("static-entrypoint",), writable=()),
    Image("python", "glibc", lambda n: ("python3", "worker.py", "exit", n), None,
          starts=(("uname", "-s"), ("sh", "-c", "exit 7"), ("true", "x"))),
    Image("nginx", "glibc", lambda n: ("sh", "-c", f"/bin/ls /etc/nginx/nginx.conf; exit {n}"), None,
          starts=(("/bin/ls", "/etc/nginx/nginx.conf"),), serves_only=(("nginx", "-g", "daemon off;"),), probe=HTTP),
    Image("busybox", "none", lambda n: ("/bin/worker", "exit", n), None, uncovered=("static-entrypoint",)),

    # From scratch, ENTRYPOINT only, no /etc.
    Image("go-static", "none", lambda n: ("exit", n), (), {"bin/worker": "build:zoo/go-static", "bin/tool": "build:zoo/tool-static"},
          entrypoint=("/bin/worker",), env=("PATH=/bin",), uncovered=("static-entrypoint",), probe=HTTP, writable=()),
    # From scratch with the C library and nothing else.  Go's own execve is not libc's: the tool itself tells that it ran.
    Image("go-cgo", "glibc", lambda n: ("exit", n), (), {"bin/worker": "build:zoo/go-cgo", "bin/tool": "build:zoo/tool", "lib": "libraries"},
          entrypoint=("/bin/worker",), cmd=("serve",), env=("PATH=/bin",), starts=TOOL, probe=HTTP, writable=()),
    # Dynamic by its loader only: no C library in the process.
    Image("go-pie", "none", lambda n: ("exit", n), ("base",),
          {"usr/local/bin/worker": "build:zoo/go-pie", "usr/local/bin/tool": "build:zoo/tool"},
          entrypoint=("worker",), cmd=("serve",), starts=TOOL, probe=HTTP),
    # CMD only, USER by name.
    Image("node", "glibc", lambda n: ("node", "worker.js", "exit", n), ("base", "zoo"), {"app/worker.js": "zoo/worker.js"},
          cmd=("node", "worker.js", "serve"), user="node", workdir="/app", uid=1000, probe=HTTP,
          starts=(("uname", "-s"), ("sh", "-c", "exit 7"), ("/bin/sh", "-c", "echo shell"), ("true", "x"))),
    Image("java", "glibc", lambda n: ("exit", n), ("base", "zoo"),
          entrypoint=("java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx64m", "-cp", "/app", "Worker"), cmd=("serve",),
          starts=(("uname", "-s"), ("sh", "-c", "exit 7")), probe=HTTP),
    # A script drops root by a static program; without root it goes straight on.
    Image("redis", "glibc", _shell, ("base", "zoo"), {"usr/local/bin/drop-entrypoint.sh": "zoo/drop-entrypoint.sh"},
          entrypoint=("drop-entrypoint.sh",), cmd=REDIS, user="", workdir="/data", uid=998, ends_only=LS_HOSTNAME, serves_only=(REDIS,),
          probe={"exec": {"command": ["redis-cli", "ping"]}, "periodSeconds": 1, "timeoutSeconds": 5}, writable=("/tmp", "/data")),
    Image("postgres", "glibc", _shell, ("base", "zoo"), {"usr/local/bin/postgres-entrypoint.sh": "zoo/postgres-entrypoint.sh"},
          entrypoint=("postgres-entrypoint.sh",), cmd=POSTGRES, user="", uid=999, stop="SIGINT", ends_only=LS_HOSTNAME,
          env=("PGDATA=/var/lib/postgresql/data/pg", "LANG=C"),
          serves_only=(("initdb", "--username=postgres", "--auth=trust", "--no-sync"), POSTGRES),
          probe={"exec": {"command": ["psql", "-U", "postgres", "-h", "127.0.0.1", "-qtc", "select 1"]}, "periodSeconds": 1, "timeoutSeconds": 5},
          writable=("/tmp", "/var/lib/postgresql/data", "/run/postgresql")),
    Image("php-fpm", "glibc", _shell, ("base", "zoo"),
          {"usr/local/bin/php-entrypoint.sh": "zoo/php-entrypoint.sh", "usr/local/bin/fpm-ask": "zoo/fpm-ask",
           "etc/php-fpm.conf": "zoo/php-fpm.conf", "app/index.php": "zoo/index.php"},
          entrypoint=("php-entrypoint.sh",), cmd=FPM, user="", uid=33, stop="SIGQUIT", workdir="/app", starts=(("/bin/ls", "/app"),),
          ends_only=LS_HOSTNAME, serves_only=(FPM, ("/bin/echo", "shop")),
          probe={"exec": {"command": ["fpm-ask"]}, "periodSeconds": 1, "timeoutSeconds": 5}),
    # CMD only, USER by name.
    Image("apache", "glibc", _shell, ("base", "zoo"), {"etc/httpd.conf": "zoo/httpd.conf", "usr/local/bin/httpd-foreground": "zoo/httpd-foreground"},
          cmd=("httpd-foreground",), user="www-data", uid=33, stop="SIGWINCH", ends_only=LS_HOSTNAME,
          serves_only=(("/bin/cat", "/var/www/html/index.html"), ("apache2", "-f", "/etc/httpd.conf", "-D", "FOREGROUND")), probe=HTTP),
    # An ENV with LD_PRELOAD.
    Image("jemalloc", "glibc", lambda n: ("exit", n), ("base", "zoo"), {**WORKER, "usr/local/bin/jemalloc-worker": "zoo/jemalloc-worker"},
          entrypoint=("jemalloc-worker",), cmd=("serve",), env=("LD_PRELOAD=/usr/lib/x86_64-linux-gnu/libjemalloc.so.2",), starts=UNAME_LS),
    # The shell form of CMD.
    Image("shell", "glibc", lambda n: ("/bin/sh", "-c", f"worker exit {n}"), ("base",), WORKER,
          cmd=("/bin/sh", "-c", "worker serve"), starts=UNAME_LS),
    # Neither ENTRYPOINT nor CMD: the pod names the command.
    Image("nothing", "glibc", lambda n: ("worker", "exit", n), ("base",), WORKER, commandless=False, serving=("worker", "serve"),
          starts=UNAME_LS),
    # An /init like s6-overlay's.
    Image("s6", "glibc", lambda n: ("worker", "exit", n), ("base", "zoo"), {**WORKER, "init": "zoo/init"},
          entrypoint=("/init",), cmd=("worker", "serve"), starts=(("s6-svscan", "/tmp/s6"), *UNAME_LS), pid1="program"),
)}


def main():
    shown = {}
    for name, image in IMAGES.items():
        shown[name] = dataclasses.asdict(image) | {"ending": image.to_end(7), "serving": image.to_serve(), "reference": image.reference}
    json.dump(shown, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
