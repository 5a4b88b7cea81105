#!/usr/bin/env python3
"""run.py PORT KUBECTL [--all] [--only REGEX] [--table FILE [--write]] - the twin matrix, one "ok - ..." or "not ok - ..." a cell.

PORT: `kubectl proxy` on loopback.  Each case of cases.py and shapes.py lives twice at the same time, bare and guarded, in the
namespaces that run.sh made; life.py compares the two.  Without --all a part of the product runs, chosen the same way each time:
every image as one kind in each setting, every kind in each setting, every shape once.  --only takes
the cells whose "row column setting" matches.
"""
import argparse
import concurrent.futures
import pathlib
import re
import statistics
import sys
import time

import cases
import shapes
import table
from images import IMAGES
from life import Twins, World

PARALLEL = 14  # twins at once: what two cores start without much queueing


def product():
    """Every case there is."""
    for setting in cases.SETTINGS:
        for image in IMAGES.values():
            for kind in cases.KINDS:
                yield cases.of_image(image, kind, setting)
        for row in shapes.SHAPES:
            for way in shapes.WAYS:
                yield shapes.build(row, way, setting)


def part():
    """Some of them: each image as one kind in each setting, a step through the kinds; each shape once, a step through the ways."""
    images, rows, ways, settings = list(IMAGES), list(shapes.SHAPES), list(shapes.WAYS), list(cases.SETTINGS)
    for case in product():
        shift = settings.index(case.setting)
        if case.row in IMAGES:
            # Half of the kinds further in the other setting.
            if case.column == cases.KINDS[(images.index(case.row) + shift * len(cases.KINDS) // 2) % len(cases.KINDS)]:
                yield case
        else:
            number = rows.index(case.row)
            if case.column == ways[number // 2 % 2] and shift == number % 2:
                yield case


def chosen(options):
    wanted = product() if options.all else part()
    found = [c for c in wanted if not options.only or re.search(options.only, f"{c.row} {c.column} {c.setting}")]
    # What takes long comes first.
    return sorted(found, key=lambda c: c.row not in ("schedule", "deadline", "retries", "crash-loop", "liveness-fails", "readiness-flips", "rollout"))


def tell(result):
    ran = ", ".join(dict.fromkeys(" ".join(args)[:40] for args in result.ran))
    print(f"{'not ok' if result.wrong else 'ok'} - twins: {result.row}, {result.column}, {result.setting}: as when bare; {result.how}"
          + (f"; ran {ran[:160]}" if ran else ""))
    for line in result.wrong[:12]:
        print("#  ", line[:1500])
    sys.stdout.flush()


def check(condition, name, *details):
    print("ok" if condition else "not ok", "- twins:", name)
    for detail in () if condition else details:
        print("#  ", detail)


def times(samples):
    """Medians, and what is beyond any noise: several seconds and a multiple."""
    for what, pairs in samples.items():
        bare, guarded = (statistics.median(values) for values in zip(*pairs))
        check(guarded <= 3 * bare + 4, f"{what}: median {bare:.2f} s bare, {guarded:.2f} s guarded, of {len(pairs)} twins")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("kubectl")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--only")
    parser.add_argument("--table", type=pathlib.Path)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    world, wanted, results, start = World(options.port, options.kubectl), chosen(options), [], time.monotonic()
    print(f"# twins: {len(wanted)} pairs of {sum(1 for _ in product())}", flush=True)
    with concurrent.futures.ThreadPoolExecutor(PARALLEL) as pool:
        for done in concurrent.futures.as_completed([pool.submit(Twins(world, case).live) for case in wanted]):
            for result in done.result():
                results.append(result)
                tell(result)
    print(f"# twins: {len(world.pods.by_uid)} pods in {time.monotonic() - start:.0f} s")
    times(world.samples)
    if options.table:
        if options.write:
            options.table.write_text(table.replaced(options.table.read_text(), results))
        wrong = table.check(options.table.read_text(), results)
        check(not wrong, f"{options.table.name} says what the run says", *wrong[:20])
    sys.exit(1 if any(r.wrong for r in results) else 0)


if __name__ == "__main__":
    main()
