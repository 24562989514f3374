#!/usr/bin/env python3
"""The driver of scripts/demo, which builds first and says what the options and the closing line mean."""
import argparse
import os
import sys

from evidence import write_evidence
from fresh_topic import TEST_BROKER_LIMIT
from processes import adopt_orphans, catch_signals
from two_tier import EDGES, Demo

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
SHORTEST = 4  # seconds of writing


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def options():
    parser = argparse.ArgumentParser(prog="scripts/demo", add_help=False)
    parser.add_argument("--lines", type=positive, default=200_000)
    parser.add_argument("--rate", type=positive, default=8_000)
    parser.add_argument("--build", choices=("debug", "release"), default="release")
    parser.add_argument("--repeat", type=positive, default=1)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--evidence", metavar="FILE", type=os.path.abspath)
    parser.add_argument("--check", action="store_true", help="look at the options only")
    given = parser.parse_args()
    least = SHORTEST * len(EDGES) * given.rate
    if given.lines < least:
        parser.error(f"the writing must last {SHORTEST} s, to be in the middle of it at the kill: "
                     f"--lines {least} or more at this --rate")
    if given.lines > TEST_BROKER_LIMIT and not os.environ.get("KAFKA_BOOTSTRAP"):
        parser.error(f"the test broker takes {TEST_BROKER_LIMIT} lines; for more name a cluster in KAFKA_BOOTSTRAP")
    return given


def main() -> int:
    given = options()
    if given.check:
        return 0
    os.chdir(ROOT)
    adopt_orphans()
    catch_signals()
    good = []
    results = []
    for _ in range(given.repeat):
        demo = Demo(given)
        good.append(demo.run())
        results.append(demo.result)
        if given.evidence:
            write_evidence(given.evidence, given.build, demo.closing_line())
    if given.repeat > 1:
        print(f"runs={given.repeat} good={sum(good)}", *(
            f"highest_{field}={max((result[field] for result in results if field in result), default='unknown')}"
            for field in ("lost", "duplicates", "corrupt", "failover_ms", "seconds")))
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
