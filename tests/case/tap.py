"""tap.py - results as TAP, for the tests beside it."""

number = failures = 0


def report(ok, name, why=""):
    """One result; `why` is shown when it is bad."""
    global number, failures
    number += 1
    failures += not ok
    print(f"{'ok' if ok else 'not ok'} {number} - {name}", flush=True)
    for line in str(why).splitlines()[:20] if not ok else []:
        print(f"#   {line[:600]}", flush=True)


def skip(name, why):
    global number
    number += 1
    print(f"ok {number} - {name} # SKIP {why}", flush=True)


def end():
    """The plan; returns the exit status."""
    print(f"1..{number}", flush=True)
    return 1 if failures else 0
