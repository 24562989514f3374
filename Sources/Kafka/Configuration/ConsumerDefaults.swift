/// A consumer's properties before the file's own, beside those of every client.
///
/// The system sizes a socket's receive buffer as it is read: Java's 65536 bytes cost a third more CPU time here.
enum ConsumerDefaults {
    static func options(bootstrapServers: String, group: String, name: String, offsetReset: String) -> [ClientOption] {
        ClientDefaults.options(bootstrapServers: bootstrapServers, name: name) + [
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
            ClientOption("enable.auto.commit", "false"),
            ClientOption("enable.auto.offset.store", "false"),
        ]
    }
}
