"""Follows a topic while it grows, with a client that is not ours."""
import threading
import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

MARK = b" id="


class Follower(threading.Thread):
    """Reads all partitions and remembers when it had which line of which edge.

    `seen[edge]` is a list of (when, highest line number so far), when on the monotonic clock at the moment the records
    had arrived here, growing in both.
    """

    def __init__(self, bootstrap: str, topic: str):
        super().__init__(daemon=True)
        self.consumer = Consumer({
            "bootstrap.servers": bootstrap,
            "group.id": "unused",  # the client wants one; assign() joins none
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "log_level": 2,  # errors come with the records
            "receive.message.max.bytes": 1_000_000_000,
        })
        partitions = self.consumer.list_topics(topic, timeout=20).topics[topic].partitions
        self.consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in partitions])
        self.records = 0
        self.seen = {}
        self.trouble = None
        self.stopping = threading.Event()

    def run(self):
        highest = {}
        while not self.stopping.is_set():
            # Comes back when so many are there or so long has passed: the clock's resolution here.
            records = self.consumer.consume(500, timeout=0.005)
            now = time.monotonic()
            grown = {}
            for record in records:
                if record.error():
                    self.trouble = str(record.error())
                    continue
                self.records += 1
                value = record.value() or b""
                at = value.rfind(MARK)
                edge, _, number = value[at + len(MARK):].partition(b" ")[0].rpartition(b"-")
                if at < 0 or not number.isdigit():
                    continue
                if int(number) > highest.get(edge, -1):
                    highest[edge] = int(number)
                    grown[edge] = highest[edge]
            for edge, number in grown.items():
                self.seen.setdefault(edge.decode(), []).append((now, number))
        self.consumer.close()

    def arrival(self, edge: str, first: int):
        """When the first line of `edge` numbered `first` or higher was here; None as long as none is."""
        for when, number in list(self.seen.get(edge, ())):
            if number >= first:
                return when
        return None

    def stop(self):
        self.stopping.set()
        self.join(10)
