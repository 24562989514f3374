/// Every client's properties before the file's own: the Java clients' defaults where librdkafka has others (ProducerConfig and
/// ConsumerConfig of Kafka 2.7), and what Tributary needs.
enum ClientDefaults {
    static func options(bootstrapServers: String, name: String) -> [ClientOption] {
        [
            ClientOption("bootstrap.servers", bootstrapServers),
            ClientOption("client.id", name),
            ClientOption("socket.timeout.ms", "30000"),
            ClientOption("socket.connection.setup.timeout.ms", "10000"),
            ClientOption("connections.max.idle.ms", "540000"),
            ClientOption("reconnect.backoff.ms", "50"),
            ClientOption("reconnect.backoff.max.ms", "1000"),
            ClientOption("metadata.max.age.ms", "300000"),
            ClientOption("topic.metadata.refresh.interval.ms", "300000"),
            ClientOption("ssl.endpoint.identification.algorithm", "https"),
            ClientOption("log.queue", "true"),
        ]
    }
}
