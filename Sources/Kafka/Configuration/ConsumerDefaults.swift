/// A consumer's properties before the file's own: the Java client's defaults where librdkafka has others (ConsumerConfig
/// of Kafka 2.7), and what Tributary needs.
///
/// The system sizes a socket's receive buffer as it is read: Java's 65536 bytes cost a third more CPU time here.
enum ConsumerDefaults {
    static func options(bootstrapServers: String, group: String, name: String, offsetReset: String) -> [ClientOption] {
        [
            ClientOption("bootstrap.servers", bootstrapServers),
            ClientOption("client.id", name),
            ClientOption("group.id", group),
            ClientOption("auto.offset.reset", offsetReset),
            ClientOption("session.timeout.ms", "10000"),
            ClientOption("heartbeat.interval.ms", "3000"),
            ClientOption("max.poll.interval.ms", "300000"),
            ClientOption("isolation.level", "read_uncommitted"),
            ClientOption("partition.assignment.strategy", "range"),
            ClientOption("allow.auto.create.topics", "true"),
            ClientOption("check.crcs", "true"),
            ClientOption("fetch.max.bytes", "52428800"),
            // A broker may send more than it is asked for, where one record is larger; Java knows no limit.
            ClientOption("receive.message.max.bytes", "1000000000"),
            ClientOption("socket.timeout.ms", "30000"),
            ClientOption("socket.connection.setup.timeout.ms", "10000"),
            ClientOption("connections.max.idle.ms", "540000"),
            ClientOption("reconnect.backoff.ms", "50"),
            ClientOption("reconnect.backoff.max.ms", "1000"),
            ClientOption("metadata.max.age.ms", "300000"),
            ClientOption("topic.metadata.refresh.interval.ms", "300000"),
            ClientOption("ssl.endpoint.identification.algorithm", "https"),
            ClientOption("enable.auto.commit", "false"),
            ClientOption("enable.auto.offset.store", "false"),
            ClientOption("log.queue", "true"),
        ]
    }
}
