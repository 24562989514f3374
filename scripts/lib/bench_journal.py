"""Group commit and the start on a large backlog: scripts/bench journal."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

import bench

PROGRAM = os.path.join(bench.ROOT, ".build", "release", "journal-bench")
GIB = 1 << 30
SPARE = 5             # GiB that must be left
ROWS = 12             # 1, 4 and 16 clients, batches of 100 and 1,000, bodies of 100 and 1,024 bytes
RATIO_MARK = 0.8      # of a plain loop's bytes a second
SERVING_MARK = 2.0    # seconds from the start to the first event
RSS_MARK = 100        # MB while it serves, whatever the backlog


def program(*arguments):
    """Its output, which is shown too."""
    done = subprocess.run([PROGRAM, *arguments], stdout=subprocess.PIPE, text=True, check=True)
    print(done.stdout, end="", flush=True)
    return done.stdout


def main():
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    missed = []
    # The filesystem of the build, as that of /tmp may be memory.
    work = tempfile.mkdtemp(prefix="journal-", dir=os.path.join(bench.ROOT, ".build"))
    try:
        free = shutil.disk_usage(work).free
        if free < (size + SPARE) * GIB:
            print(f"bench: {size} GiB of backlog need {size + SPARE} GiB; {free // GIB} GiB are free", file=sys.stderr)
            return 1
        rows = [row.split() for row in program("groups", work, "4").splitlines()]
        rows = [row for row in rows if len(row) == 12 and row[0].isdigit()]
        if len(rows) != ROWS:
            missed.append(f"{len(rows)} rows of group commit, where {ROWS} were to be measured")
        for clients, batch, body, *_, ratio in rows:
            if float(ratio) < RATIO_MARK:
                missed.append(f"{clients} clients, batch {batch}, body {body}: {ratio} of the plain loop (mark {RATIO_MARK})")
        backlog = os.path.join(work, "backlog")
        os.mkdir(backlog)
        program("backlog", backlog, str(size))
        served = program("serve", backlog)
        seconds = float(re.search(r"serving after ([0-9.]+) s", served)[1])
        peak = max(int(kib) for kib in re.findall(r"VmHWM: (\d+) kB", served)) / 1024
        if seconds > SERVING_MARK:
            missed.append(f"serving after {seconds} s (mark {SERVING_MARK})")
        if peak > RSS_MARK:
            missed.append(f"peak RSS {peak:.0f} MB (mark {RSS_MARK})")
        print(f"backlog of {size} GiB: serving after {seconds:.3f} s (mark {SERVING_MARK}), peak RSS {peak:.0f} MB "
              f"(mark {RSS_MARK})")
    finally:
        shutil.rmtree(work)
    for miss in missed:
        print(f"missed: {miss}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
