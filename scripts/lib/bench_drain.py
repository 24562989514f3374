"""How fast a channel is emptied when its consumer comes back, beside the live path: scripts/bench drain."""
import argparse
import json
import os
import subprocess
import sys
import tempfile

import bench

# Of the live path's speed.
MARK = 0.5
BATCH = 1000


def settings(port, sink_port, channel, events, work):
    """The agent's properties: a channel that holds all events."""
    text = bench.properties(port, sink_port, BATCH, "avro", channel, False, None, work)
    return text + f"a.channels.c.capacity = {2 * events}\na.channels.c.byteCapacity = 0\n"


def receiver(port, events):
    command = [bench.RECEIVE, "--bind", "127.0.0.1", "--port", str(port), "--events", str(events)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    process.stdout.readline()
    return process


def rate(process, events):
    """Events a second between the first and the last, at the receiver."""
    report = json.loads(process.communicate(timeout=120)[0].splitlines()[-1])
    if report["events"] != events:
        raise RuntimeError(f"{events} events sent, {report['events']} received")
    return events / report["seconds"]


def run(channel, events, work, is_late):
    """Events a second; is_late: the receiver comes when all events are in the channel."""
    port, sink_port = bench.free_port(), bench.free_port()
    path = os.path.join(work, "drain.properties")
    with open(path, "w", encoding="ascii") as file:
        file.write(settings(port, sink_port, channel, events, work))
    sink = None if is_late else receiver(sink_port, events)
    try:
        with bench.running_agent(path) as agent:
            bench.wait_for_port(port, agent)
            bench.load(port, BATCH, events, False)
            sink = sink or receiver(sink_port, events)
            return rate(sink, events)
    finally:
        if sink:
            sink.kill()
            sink.wait()


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench drain")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--events", type=int, default=1_000_000)
    options = parser.parse_args()
    missed = False
    print(f"{options.events} events        live/s (best)   drained/s (best)   ratio   mark")
    for channel in ("memory", "file"):
        with tempfile.TemporaryDirectory() as work:
            # In turn: whatever else the machine does meets both.
            runs = [[run(channel, options.events, work, late) for late in (False, True)] for _ in range(options.runs)]
        live, drained = (max(pair[index] for pair in runs) for index in (0, 1))
        missed = missed or drained < MARK * live
        print(f"{channel:14}   {live:15.0f}   {drained:16.0f}   {drained / live:5.2f}   {MARK:4.2f}", flush=True)
    print("mark missed" if missed else "mark met")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
