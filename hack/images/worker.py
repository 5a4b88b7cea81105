"""worker.py - a small service that starts programs: serve, exit STATUS."""
import os
import signal
import subprocess
import sys
import time

print("uid", os.getuid(), "gid", os.getgid(), "cwd", os.getcwd(), "greeting", os.environ.get("GREETING", ""))
for number, argument in enumerate(sys.argv[1:], 1):
    print(f"argument {number} is <{argument}>")
print("uname says", subprocess.run(["uname", "-s"], stdout=subprocess.PIPE).stdout)
print("sh ended with", subprocess.run(["sh", "-c", "exit 7"]).returncode)
print("fork and exec ended with", os.waitstatus_to_exitcode(os.waitpid(os.spawnvp(os.P_NOWAIT, "true", ["true", "x"]), 0)[1]))
mode = sys.argv[1] if len(sys.argv) > 1 else "serve"
number = int(sys.argv[2]) if len(sys.argv) > 2 else 0
if mode == "serve":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    while True:
        time.sleep(2)
        subprocess.run(["true", "again"])
sys.exit(number)
