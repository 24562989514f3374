"""The taildir part of scripts/bench: a big file through taildir, memory and null, with `wc -l` of the same file beside it."""
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

from bench import cpu_seconds, free_port, peak_rss_mb, running_agent

# Marks: CPU-seconds per million lines of 150 bytes, and peak RSS in MB.
CPU_MARK = 0.30
RSS_MARK = 40
LINE = 150


def write_file(path, lines):
    """Numbered lines, LF included in the length."""
    body = "x" * (LINE - 12)
    with open(path, "w", encoding="ascii", buffering=1 << 20) as file:
        for start in range(0, lines, 10_000):
            file.write("".join(f"{number:010} {body}\n" for number in range(start, min(start + 10_000, lines))))


def wc_seconds(path):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(["wc", "-l", path], stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def accepted(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as reply:
            return int(json.load(reply)["SOURCE.r"]["EventAcceptedCount"])
    except (OSError, KeyError, ValueError):
        return 0


def properties(work, batch):
    return "\n".join([
        "a.sources = r", "a.channels = c", "a.sinks = k",
        "a.sources.r.type = TAILDIR", "a.sources.r.channels = c", "a.sources.r.filegroups = g",
        f"a.sources.r.filegroups.g = {work}/big\\\\.log", f"a.sources.r.positionFile = {work}/position.json",
        f"a.sources.r.batchSize = {batch}",
        "a.channels.c.type = memory", "a.channels.c.capacity = 20000", "a.channels.c.transactionCapacity = 10000",
        "a.sinks.k.type = null", "a.sinks.k.channel = c", f"a.sinks.k.batchSize = {batch}",
        "a.sinks.k.logEveryNEvents = 100000000",
    ]) + "\n"


def measure(work, batch, lines):
    port = free_port()
    config = os.path.join(work, "taildir.properties")
    with open(config, "w", encoding="ascii") as file:
        file.write(properties(work, batch))
    monitoring = ("-Dflume.monitoring.type=http", f"-Dflume.monitoring.port={port}")
    with running_agent(config, *monitoring) as agent:
        start = time.monotonic()
        while accepted(port) < lines:
            if agent.poll() is not None:
                raise RuntimeError("the agent ended")
            if time.monotonic() - start > 300:
                raise RuntimeError("not all lines within 300 s")
            time.sleep(0.1)
        elapsed = time.monotonic() - start
        used = cpu_seconds(agent.pid)
        rss = peak_rss_mb(agent.pid)
    os.remove(os.path.join(work, "position.json"))
    return used / lines * 1e6, rss, lines / elapsed


def main(say=print, megabytes=1000):
    """Returns the marks that were missed."""
    size = megabytes * 1_000_000
    lines = size // LINE
    missed = []
    with tempfile.TemporaryDirectory() as work:
        free = shutil.disk_usage(work).free
        if free < 2 * size + 1_000_000_000:
            say(f"taildir: refused: {work} has {free // 1_000_000} MB free, twice {megabytes} MB and 1 GB are wanted")
            return ["taildir was not measured"]
        path = os.path.join(work, "big.log")
        write_file(path, lines)
        wc = wc_seconds(path) / lines * 1e6
        say(f"taildir -> memory -> null, {megabytes} MB of {LINE}-byte lines (`wc -l`: {wc:.3f} CPU-s per million lines)")
        say("batchSize   CPU-s per million lines   of wc -l   peak RSS MB    lines/s")
        for batch in (100, 1000):
            cpu, rss, rate = measure(work, batch, lines)
            say(f"{batch:9}   {cpu:23.3f}   {cpu / max(wc, 0.001):7.1f}x   {rss:11.1f}   {rate:8.0f}")
            if cpu > CPU_MARK:
                missed.append(f"taildir {batch}: {cpu:.3f} CPU-seconds per million lines, the mark is {CPU_MARK}")
            if rss > RSS_MARK:
                missed.append(f"taildir {batch}: {rss:.1f} MB, the mark is {RSS_MARK}")
    return missed


if __name__ == "__main__":
    failures = main(megabytes=int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
    for failure in failures:
        print(f"mark missed: {failure}")
    sys.exit(1 if failures else 0)
