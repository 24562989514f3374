"""Where the collector of scripts/chaos writes to: files of its own, or a topic."""
import os
import sys

from fresh_topic import FreshTopic

BATCH = 100


class FileEnd:
    """Files that a file_roll sink writes."""

    sink = """
collector.sinks.out.type = file_roll
collector.sinks.out.sink.directory = {out}
collector.sinks.out.sink.rollInterval = 0
collector.sinks.out.sink.batchSize = {batch}
"""
    judged = []  # options of the judge
    held = BATCH  # events that the sink has out at most
    limit = None  # events that it can take
    can_stall = False  # whether it can be made to answer nobody for a while

    def __init__(self, work: str):
        self.out = os.path.join(work, "out")
        self.torn = 0

    def start(self) -> dict:
        os.makedirs(self.out)
        return {"out": self.out}

    def size(self) -> int:
        """Grows with what arrives."""
        return sum(each.stat().st_size for each in os.scandir(self.out))

    def collect(self) -> list:
        """The files with what arrived, without what a kill left of a line at the end of one."""
        for each in os.scandir(self.out):
            with open(each.path, "rb+") as file:
                text = file.read()
                whole = text.rfind(b"\n") + 1
                if whole < len(text):
                    self.torn += 1
                    file.truncate(whole)
        return sorted(each.path for each in os.scandir(self.out))

    def end(self):
        pass


class KafkaEnd:
    """A topic on the test broker, which is never killed, or on the cluster that KAFKA_BOOTSTRAP names."""

    held = 8 * BATCH
    sink = f"""
collector.sinks.out.type = org.apache.flume.sink.kafka.KafkaSink
collector.sinks.out.kafka.bootstrap.servers = {{bootstrap}}
collector.sinks.out.kafka.topic = {{topic}}
collector.sinks.out.flumeBatchSize = {{batch}}
collector.sinks.out.kafka.maxHeldEvents = {held}
collector.sinks.out.kafka.producer.acks = all
collector.sinks.out.kafka.producer.enable.idempotence = true
"""
    judged = ["--consumed"]
    torn = 0

    def __init__(self, work: str):
        self.records = os.path.join(work, "topic.records")
        self.topic = FreshTopic("chaos", partitions=3, folder=os.path.join(work, "broker"))
        self.limit = self.topic.limit
        self.can_stall = not self.topic.is_on_cluster

    def start(self) -> dict:
        self.topic.create()
        return {"bootstrap": self.topic.bootstrap, "topic": self.topic.name}

    def stall(self):
        # An acknowledgement takes a millisecond: only while the broker stands still does a kill find much that has none.
        self.topic.pause()

    def resume(self):
        self.topic.resume()

    def size(self) -> int:
        return self.topic.records()

    def collect(self) -> list:
        self.topic.consume(self.records)
        return [self.records]

    def end(self):
        rest = self.topic.drop()
        if rest:
            print(f"chaos: {rest}", file=sys.stderr)


ENDS = {"file_roll": FileEnd, "kafka": KafkaEnd}
