"""The Kafka part of scripts/bench: the sink and the source beside bare loops over librdkafka, a fresh broker for each run."""
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

from bench import LOAD, cpu_seconds, free_port, peak_rss_mb, running_agent, wait_for_port

# Mark: CPU-seconds per million events beyond the bare loop.
BEYOND_MARK = 0.20
EVENTS = 400_000
# The broker's absence under full load, in seconds, and the peak RSS of the agent in MB that it is held to: a channel of
# 100,000 events of some 200 bytes, what the load has on its way, and what the sink holds.
OUTAGE = 60
OUTAGE_RSS_MARK = 80
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LOOP = os.path.join(ROOT, ".build-load", "kafka-loop")


class Broker:
    """A fresh one, ended cleanly."""

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        words = [os.path.join(ROOT, "scripts", "broker"), "start", self.folder.name]
        self.bootstrap = subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()
        return self

    def do(self, action, check=True):
        words = [os.path.join(ROOT, "scripts", "broker"), action, self.folder.name]
        subprocess.run(words, check=check, stdout=subprocess.DEVNULL)

    def __exit__(self, *_):
        self.do("stop", check=False)
        self.folder.cleanup()


def loop(what, bootstrap, topic):
    words = [LOOP, what, bootstrap, topic, str(EVENTS)]
    return float(subprocess.run(words, check=True, capture_output=True, text=True, timeout=300).stdout)


def counter(port, component, name):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as reply:
            return int(json.load(reply)[component][name])
    except (OSError, KeyError, ValueError):
        return 0


def agent_cost(work, lines, component, name):
    """CPU-seconds of an agent from its start until the counter stands at all events, and its peak memory."""
    port = free_port()
    config = os.path.join(work, "kafka.properties")
    with open(config, "w", encoding="ascii") as file:
        file.write("\n".join(lines) + "\n")
    with running_agent(config, "-Dflume.monitoring.type=http", f"-Dflume.monitoring.port={port}") as agent:
        start = time.monotonic()
        while counter(port, component, name) < EVENTS:
            if agent.poll() is not None:
                raise RuntimeError("the agent ended")
            if time.monotonic() - start > 300:
                raise RuntimeError("not all events within 300 s")
            time.sleep(0.1)
        return cpu_seconds(agent.pid), peak_rss_mb(agent.pid)


MEMORY = ["a.channels.c.type = memory", "a.channels.c.capacity = 20000", "a.channels.c.transactionCapacity = 10000"]


# The bare loop's messages: 100 bytes, 100 at a time.
STRESS = ["a.sources = r", "a.channels = c", "a.sinks = k", *MEMORY,
          "a.sources.r.type = org.apache.flume.source.StressSource", "a.sources.r.channels = c",
          f"a.sources.r.maxTotalEvents = {EVENTS}", "a.sources.r.batchSize = 100", "a.sources.r.size = 100"]


def making(work):
    """What the same agent costs with the null sink: its start, and the making of the events."""
    lines = [*STRESS, "a.sinks.k.type = null", "a.sinks.k.channel = c", "a.sinks.k.logEveryNEvents = 100000000"]
    return agent_cost(work, lines, "SINK.k", "EventDrainSuccessCount")[0]


def sink(work, bootstrap):
    lines = [*STRESS,
             "a.sinks.k.type = org.apache.flume.sink.kafka.KafkaSink", "a.sinks.k.channel = c",
             f"a.sinks.k.kafka.bootstrap.servers = {bootstrap}", "a.sinks.k.kafka.topic = sunk"]
    return agent_cost(work, lines, "SINK.k", "EventDrainSuccessCount")


def source(work, bootstrap):
    lines = ["a.sources = r", "a.channels = c", "a.sinks = k", *MEMORY,
             "a.sources.r.type = org.apache.flume.source.kafka.KafkaSource", "a.sources.r.channels = c",
             f"a.sources.r.kafka.bootstrap.servers = {bootstrap}", "a.sources.r.kafka.topics = full",
             "a.sources.r.kafka.consumer.auto.offset.reset = earliest",
             "a.sinks.k.type = null", "a.sinks.k.channel = c", "a.sinks.k.batchSize = 1000",
             "a.sinks.k.logEveryNEvents = 100000000"]
    return agent_cost(work, lines, "SINK.k", "EventDrainSuccessCount")


def outage(say):
    """The agent's memory while its broker is away for a minute and a client sends as fast as it is let. Returns the marks
    that were missed."""
    port, monitoring = free_port(), free_port()
    with tempfile.TemporaryDirectory() as work, Broker() as broker:
        config = os.path.join(work, "outage.properties")
        lines = ["a.sources = r", "a.channels = c", "a.sinks = k",
                 "a.sources.r.type = avro", "a.sources.r.bind = 127.0.0.1", f"a.sources.r.port = {port}",
                 "a.sources.r.channels = c", "a.channels.c.type = memory", "a.channels.c.capacity = 100000",
                 "a.channels.c.transactionCapacity = 1000",
                 "a.sinks.k.type = org.apache.flume.sink.kafka.KafkaSink", "a.sinks.k.channel = c",
                 f"a.sinks.k.kafka.bootstrap.servers = {broker.bootstrap}", "a.sinks.k.kafka.topic = outage",
                 "a.sinks.k.flumeBatchSize = 1000"]
        with open(config, "w", encoding="ascii") as file:
            file.write("\n".join(lines) + "\n")

        def send(events):
            words = [LOAD, "--port", str(port), "--events", str(events), "--batch", "1000", "--retry",
                     "--retry-pause", "100"]
            return subprocess.Popen(words, stdout=subprocess.PIPE, text=True)

        def wait_for(events, limit):
            end = time.monotonic() + limit
            while counter(monitoring, "SINK.k", "EventDrainSuccessCount") < events:
                if agent.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"{events} events were not delivered within {limit} s")
                time.sleep(0.1)

        flags = ["-Dflume.monitoring.type=http", f"-Dflume.monitoring.port={monitoring}"]
        with running_agent(config, *flags) as agent:
            wait_for_port(port, agent)
            first = 10_000
            if send(first).wait(timeout=60) != 0:
                raise RuntimeError("the first events were not taken")
            wait_for(first, 60)
            before = peak_rss_mb(agent.pid)
            broker.do("stop")
            load = send(EVENTS - first)
            time.sleep(OUTAGE)
            if load.poll() is not None:
                raise RuntimeError("the load ended while the broker was away")
            during = peak_rss_mb(agent.pid)
            held = counter(monitoring, "CHANNEL.c", "ChannelSize")
            broker.do("restart")
            report = json.loads(load.communicate(timeout=120)[0])
            if load.returncode != 0 or report["acked"] != EVENTS - first:
                raise RuntimeError(f"not all was taken: {report}")
            wait_for(EVENTS, 120)
            after = peak_rss_mb(agent.pid)
    say(f"broker away for {OUTAGE} s under full load: peak RSS {before:.1f} MB before, {during:.1f} MB with {held} events in "
        f"the channel, {after:.1f} MB when all {EVENTS} were delivered; {OUTAGE_RSS_MARK} MB at most")
    if after > OUTAGE_RSS_MARK:
        return [f"Kafka sink: {after:.1f} MB while its broker was away, the mark is {OUTAGE_RSS_MARK}"]
    return []


def main(say=print, runs=3):
    """Returns the marks that were missed."""
    missed = []
    million = 1e6 / EVENTS
    say(f"Kafka, {EVENTS} events a run, medians of {runs}: CPU-seconds per million events")
    say("(sink: less what the agent costs with the null sink)")
    say("             agent   bare loop   beyond   peak RSS MB")
    with tempfile.TemporaryDirectory() as work:
        for name, measure in (("sink", sink), ("source", source)):
            agents, loops, memory = [], [], 0
            for _ in range(runs):
                with Broker() as broker:
                    if name == "source":
                        loop("produce", broker.bootstrap, "full")
                        loops.append(loop("consume", broker.bootstrap, "full") * million)
                    cost, rss = measure(work, broker.bootstrap)
                    if name == "sink":
                        cost -= making(work)
                    agents.append(cost * million)
                    memory = max(memory, rss)
                if name == "sink":
                    with Broker() as broker:
                        loops.append(loop("produce", broker.bootstrap, "bare") * million)
            agent, bare = statistics.median(agents), statistics.median(loops)
            say(f"{name:10} {agent:7.3f}   {bare:9.3f}   {agent - bare:6.3f}   {memory:11.1f}")
            if agent - bare > BEYOND_MARK:
                missed.append(f"Kafka {name}: {agent - bare:.3f} CPU-seconds per million beyond the bare loop, "
                              f"the mark is {BEYOND_MARK}")
    return missed


if __name__ == "__main__":
    if sys.argv[1:2] == ["outage"]:
        failures = outage(print)
    else:
        failures = main(runs=int(sys.argv[1]) if len(sys.argv) > 1 else 3) + outage(print)
    for failure in failures:
        print(f"mark missed: {failure}")
    sys.exit(1 if failures else 0)
