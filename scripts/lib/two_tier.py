"""One run of topologies/two-tier: what is started, what is killed, what is counted."""
import json
import os
import secrets
import shutil
import sys
import tempfile
import time

from fresh_topic import FreshTopic
from processes import Agent, Failure, Program, catch_signals, free_ports, ignore_signals, outcome, run, sweep
from progress import Progress

EDGES = ("edge-a", "edge-b")
# The sinks of an edge and where each leads (topologies/two-tier).
SINKS = {"SINK.to-1": "collector-1", "SINK.to-2": "collector-2"}
COLLECTORS = tuple(SINKS.values())
BATCH, WINDOW = 500, 8  # batch-size of the edges' sinks; calls that one of our agents keeps in flight to another
FAILOVER_LIMIT_MS = 10_000
FIELDS = ("issued", "acked", "delivered", "lost", "duplicates", "corrupt", "inflight_at_kill", "failover_ms", "seconds")


class Demo:
    """One run, from the broker's start to the verdict."""

    def __init__(self, options):
        self.options = options
        self.progress = Progress()
        self.work = tempfile.mkdtemp(prefix="tributary-demo.")
        self.lines = options.lines // len(EDGES)
        self.result = {"issued": self.lines * len(EDGES)}
        self.faults = []
        self.agents = {}
        self.writers = {}
        self.follower = None
        self.victim = None  # the killed collector
        self.is_victim_down = False
        self.topic = FreshTopic("two-tier", partitions=4, folder=self.path("broker"))

    # What must be there first.

    def path(self, *parts: str) -> str:
        return os.path.join(self.work, *parts)

    def log_file(self, edge: str) -> str:
        return self.path(f"{edge}.log")

    def prepare(self):
        password = secrets.token_hex(8)
        run(["scripts/certificates", self.path("tls"), password])
        self.topic.create()
        # Imported here: everything above works without the client, and says so better.
        from topic import Follower
        self.follower = Follower(self.topic.bootstrap, self.topic.name)
        self.follower.start()
        named = "the cluster at" if self.topic.is_on_cluster else "test broker"
        self.progress.note(f"{named} {self.topic.bootstrap}, topic {self.topic.name}; certificates made")

        ports = free_ports(len(COLLECTORS) * 2 + len(EDGES))
        environment = {**os.environ, "TLS_DIR": self.path("tls"), "TLS_PASSWORD": password,
                       "KAFKA_BOOTSTRAP": self.topic.bootstrap, "KAFKA_TOPIC": self.topic.name,
                       "COLLECTOR_1_BIND": "127.0.0.1", "COLLECTOR_2_BIND": "127.0.0.1",
                       "COLLECTOR_1_HOST": "localhost", "COLLECTOR_2_HOST": "localhost",
                       "COLLECTOR_1_PORT": str(ports[0]), "COLLECTOR_2_PORT": str(ports[1]),
                       "EDGE_A_LOG": self.log_file("edge-a"), "EDGE_B_LOG": self.log_file("edge-b")}
        binary = os.path.join(".build", self.options.build, "tributary")
        for name, port in zip(COLLECTORS + EDGES, ports[2:]):
            self.agents[name] = Agent(name, binary, f"topologies/two-tier/{name}.properties", port, environment,
                                      self.path(f"{name}.agent.log"))
        for edge in EDGES:
            open(self.log_file(edge), "wb").close()

    def start_agents(self):
        for name in COLLECTORS:
            self.agents[name].start()
        for name in COLLECTORS:
            self.agents[name].wait_ready(30)
        for name in EDGES:
            self.agents[name].start()
        for name in EDGES:
            edge = self.agents[name]
            edge.wait_ready(30, lambda edge=edge: all(
                edge.metrics().get(sink, {}).get("ConnectionCreatedCount", 0) > 0 for sink in SINKS))
        self.progress.note("four agents are ready, each edge connected to both collectors over mutual TLS")

    def start_writers(self):
        for seed, name in enumerate(EDGES):
            command = [sys.executable, "scripts/logwriter", self.log_file(name), "--edge", name, "--seed", str(seed),
                       "--lines", str(self.lines), "--rate", str(self.options.rate)]
            writer = Program(f"the writer of {name}'s log", command, dict(os.environ), self.path(f"{name}.writer.log"))
            self.writers[name] = writer
            writer.start()
        self.progress.note(f"writing {self.lines} lines to each edge's log, {self.options.rate} a second")

    # Watching.

    def look_after(self):
        """Failure when something that should run does not."""
        for agent in self.agents.values():
            if agent is not self.victim or not self.is_victim_down:
                agent.check()
        if self.follower.trouble:
            raise Failure(f"the independent consumer fails: {self.follower.trouble}")
        for writer in self.writers.values():
            if not writer.is_running() and writer.process.returncode != 0:
                writer.check()

    def edges(self) -> dict:
        """The edges' counters now."""
        self.look_after()
        readings = {name: self.agents[name].metrics() for name in EDGES}
        for name, reading in readings.items():
            if not reading:
                raise Failure(f"{name} does not answer on its monitoring port: {self.agents[name].last_words()}")
        return readings

    @staticmethod
    def taken(readings: dict) -> int:
        return sum(reading["SOURCE.log"]["EventAcceptedCount"] for reading in readings.values())

    @staticmethod
    def acked(readings: dict) -> int:
        return sum(reading[sink]["EventDrainSuccessCount"] for reading in readings.values() for sink in SINKS)

    @staticmethod
    def unanswered(reading: dict, sink: str) -> int:
        """Events that an edge took for a sink and that this sink has not delivered."""
        return reading[sink]["EventDrainAttemptCount"] - reading[sink]["EventDrainSuccessCount"]

    def show(self, readings: dict):
        waiting = sum(reading["CHANNEL.memory"]["ChannelSize"] for reading in readings.values())
        self.progress.show(f"taken {self.taken(readings)} of {self.result['issued']}, in channels {waiting}, "
                           f"delivered {self.acked(readings)}, seen in Kafka {self.follower.records}")

    def watch(self, until, timeout: float, what: str) -> dict:
        """Reads the counters four times a second until `until(readings)`."""
        deadline = time.monotonic() + timeout
        while True:
            readings = self.edges()
            if until(readings):
                return readings
            if time.monotonic() > deadline:
                raise Failure(f"{what}: not so after {timeout:.0f} s; taken {self.taken(readings)} of "
                              f"{self.result['issued']}, delivered {self.acked(readings)}")
            self.show(readings)
            time.sleep(0.25)

    # The fault.

    def active_collectors(self) -> dict:
        """Which collector each edge drains through: the one whose sink's EventDrainSuccessCount grows."""
        before = self.edges()
        time.sleep(0.5)
        after = self.edges()
        active = {}
        for edge in EDGES:
            growth = {sink: after[edge][sink]["EventDrainSuccessCount"] - before[edge][sink]["EventDrainSuccessCount"]
                      for sink in SINKS}
            sink = max(growth, key=growth.get)
            if growth[sink] > 0:
                active[edge] = sink
                self.progress.note(f"{edge} drains through {SINKS[sink]} ({growth[sink]} events in half a second)")
        if not active:
            raise Failure("no edge delivers anything half-way")
        return active

    def kill_collector(self):
        active = self.active_collectors()
        sinks = list(active.values())
        sink = max(SINKS, key=sinks.count)  # of two that serve one edge each, the first
        self.affected = [edge for edge in EDGES if active.get(edge) == sink]
        self.victim_sink, self.victim = sink, self.agents[SINKS[sink]]
        readings = self.freeze_with_calls_in_flight()
        self.is_victim_down = True
        self.victim.kill()
        # What is appended from here on was written when the collector was dead, and can only come the other way.
        sizes = {edge: os.stat(self.log_file(edge)).st_size for edge in self.affected}
        gone = (time.monotonic() - self.killed_at) * 1000
        for edge in self.affected:
            self.progress.note(
                f"SIGKILL to {self.victim.name}; CallsInFlight of {edge} {readings[edge][sink]['CallsInFlight']}, "
                f"{self.unanswered(readings[edge], sink)} events unanswered (gone {gone:.0f} ms after the freeze)")
        self.first_after = {edge: self.line_at(edge, size) for edge, size in sizes.items()}

    def freeze_with_calls_in_flight(self) -> dict:
        """Leaves the collector frozen at a moment when calls to it are unanswered; the affected edges' counters then.

        A call is answered within milliseconds, so a reading of a collector at work is old before a signal can be sent.
        It is therefore stopped for the reading: either it dies as it stands, or it goes on. The time of the failover
        counts from the freeze.
        """
        def readings() -> dict:
            readings = {edge: self.agents[edge].metrics() for edge in self.affected}
            return readings if all(readings.values()) else {}

        def in_flight(readings: dict) -> bool:
            return any(reading[self.victim_sink]["CallsInFlight"] > 0 for reading in readings.values())

        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            self.look_after()
            if not in_flight(readings()):
                continue
            self.killed_at = time.monotonic()
            self.victim.freeze()
            # Twice: the first one may be from before the answers that were under way had been read.
            if in_flight(readings()):
                time.sleep(0.003)
                final = readings()
                if in_flight(final):
                    return final
            self.victim.resume()
        raise Failure(f"no call to {self.victim.name} was in flight at any reading of 10 s")

    def line_at(self, edge: str, size: int) -> int:
        """The number of the first line of the log that ends behind `size` bytes."""
        with open(self.log_file(edge), "rb") as file:
            complete = file.read(size).count(b"\n")
        # A line that straddles the place was begun before.
        return complete + 1

    def arrivals(self) -> list:
        return [self.follower.arrival(edge, self.first_after[edge]) for edge in self.affected]

    def await_failover(self):
        limit = FAILOVER_LIMIT_MS / 1000 + 10
        self.watch(lambda _: all(self.arrivals()), limit, "new lines of every affected edge in the topic")
        self.result["failover_ms"] = round((max(self.arrivals()) - self.killed_at) * 1000)
        # The dead collector's sink takes nothing any more, so what it took and never delivered is exactly what was in
        # flight when the connection broke.
        readings = self.edges()
        self.result["inflight_at_kill"] = sum(
            self.unanswered(readings[edge], self.victim_sink) for edge in self.affected)
        self.progress.note(f"failover: first new line in the topic {self.result['failover_ms']} ms after the kill; "
                           f"{self.result['inflight_at_kill']} events were in flight")

    def restart_collector(self):
        self.watch(lambda _: time.monotonic() - self.killed_at >= 1.5, 10, "a pause")
        before = self.edges()
        self.victim.start()
        self.is_victim_down = False
        self.victim.wait_ready(30)
        self.progress.note(f"{self.victim.name} runs again")
        self.before_return = {edge: before[edge][self.victim_sink]["EventDrainSuccessCount"] for edge in self.affected}

    def await_drain(self):
        told = set()

        def drained(readings: dict) -> bool:
            for edge in self.affected:
                success = readings[edge][self.victim_sink]["EventDrainSuccessCount"]
                if edge not in told and success > self.before_return[edge]:
                    told.add(edge)
                    self.progress.note(f"{edge} drains through {self.victim.name} again")
            return all(reading["SOURCE.log"]["EventAcceptedCount"] >= self.lines
                       and reading["CHANNEL.memory"]["ChannelSize"] == 0 for reading in readings.values())

        return self.watch(drained, self.lines / self.options.rate + 60, "all lines taken and the channels empty")

    # The end.

    def stop_agents(self):
        for names in (EDGES, COLLECTORS):
            for name in names:
                self.agents[name].terminate()
            for name in names:
                status = self.agents[name].wait(15)
                if status != 0 and not (self.is_victim_down and self.agents[name] is self.victim):
                    how = "does not end" if status is None else f"ends with {outcome(status)}"
                    self.faults.append(f"{name} {how} at the stop: {self.agents[name].last_words()}")
        self.progress.note("agents stopped by SIGTERM")

    def judge(self):
        records = self.path("topic.records")
        self.topic.consume(records)
        self.progress.note("topic read back; judging")
        verdict = json.loads(run(["scripts/judge", "--issued", *map(self.log_file, EDGES), "--delivered", records,
                                  "--consumed", "--crc", "--marker", "id="], ok=(0, 1)))
        if verdict["issued"] != self.result["issued"]:
            self.faults.append(f"{verdict['issued']} distinct lines are in the logs, not {self.result['issued']}")
        for field in ("issued", "delivered", "lost", "duplicates", "corrupt"):
            self.result[field] = verdict[field]
        for field in ("lost_examples", "corrupt_examples"):
            if field in verdict:
                self.progress.note(f"{field}: {verdict[field]}")

    def find_faults(self):
        result = self.result
        for field in ("lost", "corrupt"):
            if result.get(field):
                self.faults.append(f"{field} is {result[field]}")
        if result.get("inflight_at_kill") == 0:
            self.faults.append("nothing was in flight when the collector died, so the run shows nothing; run it again")
        if result.get("failover_ms", 0) > FAILOVER_LIMIT_MS:
            self.faults.append(f"failover took {result['failover_ms']} ms, more than {FAILOVER_LIMIT_MS}")
        bound = result.get("inflight_at_kill", 0) + WINDOW * BATCH * len(EDGES)
        if result.get("duplicates", 0) > bound:
            self.faults.append(f"{result['duplicates']} duplicates are more than {bound}")
        missing = [field for field in FIELDS if field not in result and field != "seconds"]
        if missing and not self.faults:
            self.faults.append(f"unknown: {', '.join(missing)}")

    def perform(self):
        self.prepare()
        self.start_agents()
        self.start_writers()
        try:
            half = self.result["issued"] // 2
            limit = half / self.options.rate + 60
            self.watch(lambda readings: self.taken(readings) >= half, limit, "half of the lines taken")
            self.kill_collector()
            self.await_failover()
            self.restart_collector()
            readings = self.await_drain()
        except Failure as failure:
            # What has arrived until now is still worth counting.
            self.faults.append(str(failure))
            readings = {edge: self.agents[edge].metrics() for edge in EDGES}
            for writer in self.writers.values():
                writer.end(5)
        if all(readings.values()):
            self.result["acked"] = self.acked(readings)
        self.stop_agents()
        self.judge()

    def clean_up(self):
        for program in [*self.writers.values(), *self.agents.values()]:
            program.terminate()
        for program in [*self.writers.values(), *self.agents.values()]:
            program.end(5)
        if self.follower:
            self.follower.stop()
        spared = set()
        try:
            rest = self.topic.drop()
            if rest:
                self.progress.note(rest)
        except Failure as failure:
            self.faults.append(str(failure))
            spared.add(self.topic.broker())
        sweep(spared)

    def run(self) -> bool:
        """The whole; prints the closing line; whether all was as it has to be."""
        interrupted = False
        try:
            self.perform()
            self.find_faults()
        except Failure as failure:
            self.faults.append(str(failure))
        except KeyboardInterrupt:
            interrupted = True
        finally:
            ignore_signals()
            self.clean_up()
            catch_signals()
        self.result["seconds"] = round(time.monotonic() - self.progress.started)
        if interrupted:
            shutil.rmtree(self.work, ignore_errors=True)
            print(f"{self.progress.wipe()}demo: interrupted; everything is stopped and removed", file=sys.stderr)
            sys.exit(130)
        for fault in self.faults:
            print(f"{self.progress.wipe()}demo: FAILED: {fault}", file=sys.stderr)
        if self.faults or self.options.keep:
            print(f"{self.progress.wipe()}demo: logs and records are kept in {self.work}", file=sys.stderr)
        else:
            shutil.rmtree(self.work, ignore_errors=True)
        print(self.closing_line(), flush=True)
        return not self.faults

    def closing_line(self) -> str:
        return " ".join(f"{field}={self.result.get(field, 'unknown')}" for field in FIELDS)
