"""Kills an edge and a collector under load and judges what arrived: scripts/chaos kill9."""
import argparse
import json
import os
import random
import shutil
import sys
import tempfile
import time

import processes
from chaos_end import BATCH, ENDS
from evidence import write_evidence
from processes import Agent, Failure, Program

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
LOAD = os.path.join(ROOT, ".build-load", "avro-load")

CLIENTS = 2        # connections of the load
CLIENT_WINDOW = 4  # calls that each has unanswered
SINK_WINDOW = 8    # calls that our Avro sink has unanswered towards one of ours
POSITIONS = 500    # ms between two writings of taildir's position file
DRAIN = 60         # seconds
KILLS = {"file": 100, "taildir": 50}
KILL_SECONDS = 1.2  # from one to the next, on the average and on a slow machine
MARKER = {"file": [], "taildir": ["--marker", "id="]}

AVRO_SINK = """
edge.sinks = out
edge.sinks.out.type = avro
edge.sinks.out.channel = c
edge.sinks.out.hostname = 127.0.0.1
edge.sinks.out.port = {collector}
edge.sinks.out.batch-size = {batch}
edge.sinks.out.connect-timeout = 2000
"""

FILE_EDGE = """
edge.sources = in
edge.sources.in.type = avro
edge.sources.in.bind = 127.0.0.1
edge.sources.in.port = {edge}
edge.sources.in.channels = c
edge.sources.in.window = {client_window}
edge.channels = c
edge.channels.c.type = file
edge.channels.c.checkpointDir = {work}/edge/checkpoint
edge.channels.c.dataDirs = {work}/edge/data1,{work}/edge/data2
edge.channels.c.transactionCapacity = 1000
""" + AVRO_SINK

TAILDIR_EDGE = """
edge.sources = in
edge.sources.in.type = TAILDIR
edge.sources.in.filegroups = f
edge.sources.in.filegroups.f = {work}/logs/.*log
edge.sources.in.positionFile = {work}/edge/positions.json
edge.sources.in.batchSize = {batch}
edge.sources.in.writePosInterval = {positions}
edge.sources.in.acknowledge = delivered
edge.sources.in.channels = c
edge.channels = c
edge.channels.c.type = memory
edge.channels.c.capacity = 1000
edge.channels.c.transactionCapacity = 100
""" + AVRO_SINK

COLLECTOR = """
collector.sources = in
collector.sources.in.type = avro
collector.sources.in.bind = 127.0.0.1
collector.sources.in.port = {collector}
collector.sources.in.channels = c
collector.channels = c
collector.channels.c.type = file
collector.channels.c.checkpointDir = {work}/collector/checkpoint
collector.channels.c.dataDirs = {work}/collector/data
collector.channels.c.transactionCapacity = 1000
collector.sinks = out
collector.sinks.out.channel = c
"""


class Tier:
    """The two agents, the load, what the collector writes to, and the folder they share."""

    def __init__(self, options, work: str):
        self.options, self.work = options, work
        self.agents = {}
        self.load = None
        self.end = ENDS[options.end](work)
        self.rate = options.rate
        if self.end.limit is not None:
            self.rate = min(self.rate, int(self.end.limit / (options.kills * KILL_SECONDS + 10)))

    def prepare(self):
        options, work = self.options, self.work
        ports = processes.free_ports(4)
        values = {"work": work, "edge": ports[0], "collector": ports[1], "batch": BATCH,
                  "client_window": CLIENT_WINDOW, "positions": POSITIONS, **self.end.start()}
        for folder in ("edge", "collector", "logs"):
            os.makedirs(os.path.join(work, folder))
        binary = os.environ.get("TRIBUTARY_BIN") or os.path.join(ROOT, ".build", options.build, "tributary")
        texts = {"edge": FILE_EDGE if options.edge == "file" else TAILDIR_EDGE, "collector": COLLECTOR + self.end.sink}
        for name, port in (("edge", ports[2]), ("collector", ports[3])):
            file = self.path(f"{name}.properties")
            with open(file, "w", encoding="ascii") as out:
                out.write(texts[name].format(**values))
            self.agents[name] = Agent(name, binary, file, port, dict(os.environ), self.path(f"{name}.log"))
        seconds = str(options.kills * 5 + 60)
        if options.edge == "file":
            command = [LOAD, "--port", str(ports[0]), "--seconds", seconds, "--rate", str(self.rate),
                       "--connections", str(CLIENTS), "--window", str(CLIENT_WINDOW), "--batch", str(BATCH),
                       "--retry", "--retry-pause", "50", "--ids", "c", "--ledger", self.path("promised"),
                       "--sent", self.path("sent")]
        else:
            command = [sys.executable, os.path.join(ROOT, "scripts", "logwriter"), self.path("logs/app.log"),
                       "--edge", "c", "--rate", str(self.rate), "--lines", str(self.rate * int(seconds))]
        self.load = Program("load", command, dict(os.environ), self.path("load.log"))

    def path(self, name: str) -> str:
        return os.path.join(self.work, name)

    def start(self):
        self.prepare()
        for agent in self.agents.values():
            agent.start()
        for agent in self.agents.values():
            agent.wait_ready(30)
        self.load.start()

    def kill_at_random(self, chance: random.Random) -> dict:
        """Kills of each agent."""
        victims = ["edge", "collector"] if self.options.edge == "file" else ["edge"]
        kills = dict.fromkeys(victims, 0)
        for number in range(self.options.kills):
            # Now and then so soon that the one before has not come up yet.
            time.sleep(chance.uniform(0.02, 0.3) if chance.random() < 0.2 else chance.uniform(0.3, 1.5))
            self.load.check()
            name = chance.choice(victims)
            agent = self.agents[name]
            agent.check()
            stalled = name == "collector" and self.end.can_stall and chance.random() < 0.5
            if stalled:
                self.end.stall()
                time.sleep(chance.uniform(0.05, 0.5))
            agent.kill()
            kills[name] += 1
            agent.start()
            if stalled:
                self.end.resume()
            if (number + 1) % 10 == 0:
                print(f"chaos: {number + 1} kills", file=sys.stderr)
        return kills

    def drain(self):
        """Ends the load, then waits until nothing is under way."""
        for agent in self.agents.values():
            agent.wait_ready(60)
        self.load.terminate()
        if self.load.wait(30) is None:
            raise Failure("the load did not end within 30 s")
        deadline = time.monotonic() + DRAIN
        quiet = 0
        last = None
        while quiet < 10:
            if time.monotonic() > deadline:
                raise Failure(f"not empty {DRAIN} s after the last event: {last}")
            time.sleep(0.2)
            sizes = [agent.metrics().get("CHANNEL.c", {}).get("ChannelSize", -1) for agent in self.agents.values()]
            now = (sizes, self.end.size())
            quiet = quiet + 1 if sizes == [0, 0] and now == last else 0
            last = now
        for agent in self.agents.values():
            agent.terminate()
            status = agent.wait(15)
            if status != 0:
                raise Failure(f"{agent.name} did not end well ({status}): {agent.last_words()}")

    def close(self):
        for program in [self.load, *self.agents.values()]:
            if program is not None:
                program.end(1)
        self.end.end()

    def judge(self) -> dict:
        promised = self.path("promised") if self.options.edge == "file" else self.path("logs/app.log")
        command = [sys.executable, os.path.join(ROOT, "scripts", "judge"), "--issued", promised, "--delivered",
                   *self.end.collect(), *self.end.judged, *MARKER[self.options.edge]]
        if self.options.edge == "file":
            command += ["--sent", self.path("sent")]
        else:
            command.append("--crc")
        return json.loads(processes.run(command, ok=(0, 1)))

    def allowed_duplicates(self, kills: dict) -> int:
        """What each kill may repeat.

        Edge: what its sink had out, and what was told to be delivered in the last millisecond and stood in no cursor yet
        (one batch at these rates), and what each client had unanswered; with taildir, what was delivered since the
        positions were last written (twice the interval: the writing takes its time on a busy machine), and what its
        channel held.

        Collector: what the edge's sink had unanswered, what the collector's own sink had out (file_roll: a batch; Kafka:
        all it may hold, for a record can be in the topic when its acknowledgement is not here yet), and what was told to
        be delivered in the cursor's millisecond: two batches. The broker is not killed, and the producer is idempotent:
        within one life of the collector, nothing that it sends again is there twice.
        """
        if self.options.edge == "file":
            unsaved = CLIENTS * CLIENT_WINDOW * BATCH
        else:
            unsaved = 1000 + 2 * self.rate * POSITIONS // 1000
        edge = SINK_WINDOW * BATCH + BATCH + unsaved
        collector = SINK_WINDOW * BATCH + self.end.held + 2 * BATCH
        return kills.get("edge", 0) * edge + kills.get("collector", 0) * collector


def run(options, work: str) -> bool:
    chance = random.Random(options.seed)
    begun = time.monotonic()
    tier = Tier(options, work)
    try:
        tier.start()
        kills = tier.kill_at_random(chance)
        tier.drain()
        result = tier.judge()
    finally:
        tier.close()
    allowed = tier.allowed_duplicates(kills)
    line = (f"kills={sum(kills.values())} promised={result['issued']} delivered={result['delivered']} "
            f"lost={result['lost']} duplicates={result['duplicates']} allowed={allowed} corrupt={result['corrupt']} "
            f"torn={tier.end.torn} seed={options.seed} seconds={time.monotonic() - begun:.0f}")
    for key in ("lost_examples", "corrupt_examples"):
        if key in result:
            print(f"chaos: {key}: {result[key]}", file=sys.stderr)
    if options.evidence:
        write_evidence(options.evidence, options.build,
                       f"chaos kill9 --edge {options.edge} --end {options.end}: {line}")
    print(line)
    return result["lost"] == 0 and result["corrupt"] == 0 and result["duplicates"] <= allowed


def main() -> int:
    parser = argparse.ArgumentParser(prog="chaos kill9")
    parser.add_argument("--edge", choices=sorted(KILLS), default="file")
    parser.add_argument("--end", choices=sorted(ENDS), default="file_roll")
    parser.add_argument("--kills", type=int)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--rate", type=int, default=5000)
    parser.add_argument("--build", choices=["debug", "release"], default="release")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--evidence")
    options = parser.parse_args()
    options.kills = options.kills or KILLS[options.edge]
    print(f"chaos: seed {options.seed}", file=sys.stderr)
    processes.catch_signals()
    work = tempfile.mkdtemp(prefix="tributary-chaos-")
    good = False
    try:
        good = run(options, work)
    except Failure as failure:
        print(f"chaos: {failure}", file=sys.stderr)
    finally:
        if good and not options.keep:
            shutil.rmtree(work)
        else:
            print(f"chaos: files are in {work}", file=sys.stderr)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
