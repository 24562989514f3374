package import Agent

/// What a Kafka sink is told: Flume's keys, with Flume's defaults (org.apache.flume.sink.kafka.KafkaSinkConstants), and
/// the producer's properties in librdkafka's words.
package struct KafkaSinkSettings: NotedSettings, Sendable {
    /// `host:port` with commas between.
    package private(set) var bootstrapServers = ""
    package private(set) var topic = TopicTemplate(literal: "default-flume-topic")
    /// Events in one batch at most.
    package private(set) var batchSize = 100
    /// Events that the sink holds at most; a larger batch is held alone.
    package private(set) var maxHeldEvents = 800
    /// Values are the events' whole Avro data, not their bodies.
    package private(set) var usesEventFormat = false
    package private(set) var allowsTopicOverride = true
    package private(set) var topicHeader = "topic"
    package private(set) var defaultPartition: Int32?
    package private(set) var partitionHeader: String?
    package private(set) var timestampHeader: String?
    /// Event headers that go along as record headers, by the event's name.
    package private(set) var recordHeaders: [RecordHeader] = []
    /// Whether every event header goes along under its own name, but for those that have a use of their own.
    package private(set) var copiesHeaders = false
    /// Where events go that Kafka will never take; `nil`: they stay in the channel, as in Flume.
    package private(set) var deadLetterTopic: String?
    /// Whether deliveries are put in transactions (`kafka.producer.transactional.id`).
    package private(set) var isTransactional = false
    /// Bytes of one record at most, key and headers included.
    package private(set) var maxRecordBytes = 1_048_576
    /// Everything for librdkafka, defaults first.
    package private(set) var options: [ClientOption] = []
    /// Key and trust stores.
    package private(set) var stores = ClientStores()
    /// What the user should know, though the sink starts.
    package private(set) var notes: [SettingsNote] = []

    /// An event header and the name it has in Kafka.
    package struct RecordHeader: Hashable, Sendable {
        package let event: String
        package let record: String
    }

    /// Exact keys of the sink, relative to the component.
    package static let keys: Set<String> = [
        "kafka.bootstrap.servers", "kafka.topic", "flumeBatchSize", "kafka.flumeBatchSize", "kafka.maxHeldEvents",
        "useFlumeEventFormat", "allowTopicOverride", "topicHeader", "defaultPartitionId", "partitionIdHeader",
        "timestampHeader", "deadLetterTopic", "copyHeaders",
        "topic", "brokerList", "batchSize", "requiredAcks", "serializer.class", "key.serializer.class",
    ]

    /// Starts of further keys.
    package static let keyPrefixes = [JavaClientKey.Role.producer.prefix, "header."]

    private static let acksKey = JavaClientKey.Role.producer.prefix + "acks"

    /// Flume's word for a record that nobody acknowledged in 120 s, and ours where callers wait for the delivery: above a
    /// leader's change, below what a Java client waits.
    static let deliveryTimeout = 120_000
    static let deliveryTimeoutForCallers = 12_000

    /// Reads a sink's keys.
    ///
    /// - Parameters:
    ///   - values: by key, relative to the component; other components' keys are not looked at.
    ///   - name: the sink's name, its default `client.id`.
    ///   - deliversForCallers: whether somebody waits for the delivery of events (`acknowledge = delivered`).
    ///   - locate: where the file has a key, for messages, e.g. `flume.conf:12`.
    package init(
        _ values: [String: String],
        name: String,
        deliversForCallers: Bool = false,
        process: ProcessSettings = ProcessSettings(),
        locate: (_ key: String) -> String
    ) throws(SettingsFault) {
        var reader = SettingsReader(values, locate: locate)
        bootstrapServers = reader.brokers()
        if let text = reader.text("kafka.topic", deprecated: "topic") {
            do throws(TopicTemplate.Problem) {
                topic = try TopicTemplate(text)
            } catch {
                reader.fault(values["kafka.topic"] == nil ? "topic" : "kafka.topic", error.text)
            }
        }
        batchSize =
            reader.count("flumeBatchSize") ?? reader.count("kafka.flumeBatchSize")
            ?? reader.count("batchSize", replacedBy: "flumeBatchSize") ?? batchSize
        maxHeldEvents = reader.count("kafka.maxHeldEvents") ?? batchSize * 8
        usesEventFormat = reader.flag("useFlumeEventFormat") ?? usesEventFormat
        allowsTopicOverride = reader.flag("allowTopicOverride") ?? allowsTopicOverride
        topicHeader = reader.text("topicHeader") ?? topicHeader
        if let text = reader.text("defaultPartitionId") {
            defaultPartition = Int32(text)
            if defaultPartition == nil {
                reader.fault("defaultPartitionId", "is \"\(text)\", which is not a whole number")
            }
        }
        partitionHeader = reader.text("partitionIdHeader")
        timestampHeader = reader.text("timestampHeader")
        for (key, value) in values.sorted(by: { $0.key < $1.key }) where key.hasPrefix("header.") {
            recordHeaders.append(RecordHeader(event: String(key.dropFirst("header.".count)), record: value))
        }
        copiesHeaders = reader.flag("copyHeaders") ?? copiesHeaders
        deadLetterTopic = reader.text("deadLetterTopic")
        if let deadLetterTopic { reader.checkTopic(deadLetterTopic, of: "deadLetterTopic") }
        for key in ["serializer.class", "key.serializer.class"] where values[key] != nil {
            reader.note(key, "is a key of old Flume versions and has no effect")
        }
        var acks: [String: String] = [:]
        if values[Self.acksKey] == nil, let old = reader.text("requiredAcks", replacedBy: Self.acksKey) {
            acks["acks"] = old
        }
        (options, stores) = reader.client(
            .producer,
            defaults: defaults(name: name, deliversForCallers: deliversForCallers),
            adding: acks,
            process: process
        )
        isTransactional = options.contains { $0.name == "transactional.id" }
        if isTransactional { limitTimeouts() }
        maxRecordBytes = options.last { $0.name == "message.max.bytes" }.flatMap { Int($0.value) } ?? maxRecordBytes
        if deliversForCallers {
            noteTimeouts(&reader)
            noteAcks(&reader)
        }
        notes = reader.notes
        guard reader.faults.isEmpty else { throw SettingsFault(faults: reader.faults) }
    }

    /// A record may not take longer than its transaction: librdkafka refuses that. What the file says stands.
    private mutating func limitTimeouts() {
        let limit = options.last { $0.name == "transaction.timeout.ms" }.flatMap { Int($0.value) } ?? 60_000
        guard let index = options.firstIndex(where: { $0.name == "delivery.timeout.ms" }),
            let timeout = Int(options[index].value), timeout > limit
        else { return }
        options[index].value = String(limit)
    }

    /// `delivered` is no stronger than what Kafka's own acknowledgement is worth.
    private func noteAcks(_ reader: inout SettingsReader) {
        let acks = options.last { ["acks", "request.required.acks"].contains($0.name) }?.value ?? ""
        guard !["all", "-1"].contains(acks) else { return }
        let worth =
            acks == "0"
            ? "no broker confirms anything, so events count as delivered when they were sent"
            : "events count as delivered when one broker has them, and are lost where it fails before others do"
        reader.note(
            Self.acksKey,
            "is \(acks): \(worth); callers that wait for acknowledge = delivered want all, with"
                + " kafka.producer.enable.idempotence = true"
        )
    }

    private func noteTimeouts(_ reader: inout SettingsReader) {
        for key in ["delivery.timeout.ms", "message.timeout.ms"].map({ JavaClientKey.Role.producer.prefix + $0 }) {
            guard let value = reader.values[key].flatMap(Int.init), value > Self.deliveryTimeoutForCallers else {
                continue
            }
            reader.note(
                key,
                "is \(value); callers wait for the delivery, and a Java client gives up after 20 s and sends again:"
                    + " \(Self.deliveryTimeoutForCallers) or less avoids those duplicates"
            )
        }
    }

    /// The Java client's defaults where librdkafka has others, and what the sink needs.
    private func defaults(name: String, deliversForCallers: Bool) -> [ClientOption] {
        let timeout = deliversForCallers ? Self.deliveryTimeoutForCallers : Self.deliveryTimeout
        return ClientDefaults.options(bootstrapServers: bootstrapServers, name: name) + [
            // KafkaSinkConstants.DEFAULT_ACKS; the rest is ProducerConfig of Kafka 2.7.
            ClientOption("acks", "1"),
            ClientOption("partitioner", "murmur2_random"),
            ClientOption("max.in.flight.requests.per.connection", "5"),
            ClientOption("message.max.bytes", "1048576"),
            ClientOption("queue.buffering.max.kbytes", "32768"),
            ClientOption("delivery.timeout.ms", String(timeout)),
            ClientOption("retries", String(Int32.max)),
            ClientOption("retry.backoff.ms", "100"),
            ClientOption("request.timeout.ms", "30000"),
            ClientOption("socket.send.buffer.bytes", "131072"),
            // Ours. A whole batch is handed over at once, so records go together without a wait: with batches of 100 and
            // 800 held, 0 ms took less CPU than 1, 2 or 5 ms, and passed 1.3 million events a second (5 ms: 0.13).
            ClientOption("linger.ms", "0"),
            ClientOption("queue.buffering.max.messages", String(max(100_000, min(maxHeldEvents, 10_000_000)))),
        ]
    }
}
