"""A topic of a run's own, on the test broker or on the cluster that KAFKA_BOOTSTRAP names."""
import os
import time

from processes import run

SCRIPTS = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
TEST_BROKER_LIMIT = 350_000  # records; it holds everything in memory


class FreshTopic:
    """`create` it, use it, and `drop` it in any case."""

    def __init__(self, kind: str, partitions: int, folder: str):
        """`folder` is the test broker's."""
        self.name = f"{kind}-{int(time.time())}-{os.getpid()}"
        self.partitions, self.folder = partitions, folder
        self.is_on_cluster = bool(os.environ.get("KAFKA_BOOTSTRAP"))
        self.limit = None if self.is_on_cluster else TEST_BROKER_LIMIT
        self.bootstrap = self.admin = self.reader = None

    def create(self):
        self.bootstrap = run([os.path.join(SCRIPTS, "broker"), "start", self.folder]).strip()
        # Imported here: everything above works without the client, and says so better.
        from confluent_kafka import Consumer
        from confluent_kafka.admin import AdminClient
        self.admin = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})
        replicas = min(3, len(self.admin.list_topics(timeout=20).brokers))
        run([os.path.join(SCRIPTS, "create-topic"), self.bootstrap, self.name, "--partitions", str(self.partitions),
             "--replicas", str(replicas)])
        # The client wants a group; it joins none.
        self.reader = Consumer({"bootstrap.servers": self.bootstrap, "group.id": "unused", "log_level": 0})

    def pause(self):
        """The test broker answers nobody (SIGSTOP; it loses nothing)."""
        run([os.path.join(SCRIPTS, "broker"), "pause", self.folder])

    def resume(self):
        run([os.path.join(SCRIPTS, "broker"), "resume", self.folder])

    def records(self) -> int:
        """How many there are, with the marks of transactions."""
        from confluent_kafka import TopicPartition
        ends = [self.reader.get_watermark_offsets(TopicPartition(self.name, number), timeout=20)
                for number in range(self.partitions)]
        return sum(high - low for low, high in ends)

    def consume(self, file: str):
        """Writes all records to a file, as scripts/consume does."""
        run([os.path.join(SCRIPTS, "consume"), self.bootstrap, self.name, "--out", file])

    def drop(self) -> str:
        """Ends the test broker; of a cluster, which is somebody else's, deletes the topic. Returns what stays."""
        if self.reader is not None:
            self.reader.close()
        if not self.is_on_cluster:
            run([os.path.join(SCRIPTS, "broker"), "stop", self.folder])
        elif self.admin is not None:  # a client is false when it has nothing to send
            try:
                self.admin.delete_topics([self.name])[self.name].result(20)
            except Exception as error:  # of the client's, or its time-out
                return f"topic {self.name} stays: {error}"
        return ""

    def broker(self) -> int:
        """The test broker's process id."""
        with open(os.path.join(self.folder, "broker.pid"), encoding="ascii") as file:
            return int(file.read())
