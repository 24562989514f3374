package import Agent

/// What a Kafka channel is told: Flume's keys, with Flume's defaults (org.apache.flume.channel.kafka.KafkaChannelConfiguration),
/// as the settings of the sink that puts and of the source that takes.
package struct KafkaChannelSettings: NotedSettings, Sendable {
    package let sink: KafkaSinkSettings
    package let source: KafkaSourceSettings
    /// Events on their way to Kafka at most, and as many fetched from it and not delivered.
    package let maxHeldEvents: Int
    package let notes: [SettingsNote]

    static let defaultTopic = "flume-channel"
    static let defaultHeldEvents = 10_000
    /// Records of one take at most: a batch of the inner queue.
    static let fetchedBatch = 1_000

    /// Exact keys of the channel, relative to the component.
    package static let keys: Set<String> = [
        "kafka.bootstrap.servers", "kafka.topic", "kafka.consumer.group.id", "parseAsFlumeEvent", "defaultPartitionId",
        "partitionIdHeader", "kafka.maxHeldEvents",
        "topic", "brokerList", "groupId", "readSmallestOffset", "zookeeperConnect", "migrateZookeeperOffsets",
    ]

    /// Starts of further keys.
    package static let keyPrefixes = [JavaClientKey.Role.producer.prefix, JavaClientKey.Role.consumer.prefix]

    /// Reads a channel's keys.
    ///
    /// - Parameters:
    ///   - values: by key, relative to the component.
    ///   - name: the channel's name, the clients' default `client.id`.
    ///   - locate: where the file has a key, for messages.
    package init(
        _ values: [String: String],
        name: String,
        process: ProcessSettings = ProcessSettings(),
        locate: (_ key: String) -> String
    ) throws(SettingsFault) {
        var reader = SettingsReader(values, locate: locate)
        let topic = reader.text("kafka.topic", deprecated: "topic") ?? Self.defaultTopic
        reader.checkTopic(topic, of: values["kafka.topic"] == nil ? "topic" : "kafka.topic")
        let held = reader.count("kafka.maxHeldEvents") ?? Self.defaultHeldEvents
        let parses = reader.flag("parseAsFlumeEvent") ?? true
        var common = [
            "kafka.bootstrap.servers": reader.brokers(), "kafka.maxHeldEvents": String(held),
            "useFlumeEventFormat": parses ? "true" : "false",
        ]
        // An empty one has been spoken of.
        if common["kafka.bootstrap.servers"]?.isEmpty == true { common["kafka.bootstrap.servers"] = "localhost:9092" }
        var sink = common
        sink["kafka.topic"] = topic
        sink["allowTopicOverride"] = "false"
        sink["kafka.producer.acks"] = "all"
        var source = common
        source["kafka.topics"] = topic
        source["kafka.consumer.group.id"] = reader.text("kafka.consumer.group.id", deprecated: "groupId")
        source["batchSize"] = String(min(Self.fetchedBatch, held))
        // What has come is there to be taken at once.
        source["batchDurationMillis"] = "1"
        source["kafka.consumer.auto.offset.reset"] = "earliest"
        if let text = reader.text("readSmallestOffset", replacedBy: "kafka.consumer.auto.offset.reset") {
            source["kafka.consumer.auto.offset.reset"] = text.lowercased() == "true" ? "earliest" : "latest"
        }
        for (key, value) in values {
            let isPartitions = ["defaultPartitionId", "partitionIdHeader"].contains(key)
            if isPartitions || key.hasPrefix(JavaClientKey.Role.producer.prefix) { sink[key] = value }
            if key.hasPrefix(JavaClientKey.Role.consumer.prefix) { source[key] = value }
        }
        var faults = reader.faults
        var notes = reader.notes
        let (sinkSettings, sinkFault) = Self.attempt { () throws(SettingsFault) in
            try KafkaSinkSettings(sink, name: name, process: process, locate: locate)
        }
        let (sourceSettings, sourceFault) = Self.attempt { () throws(SettingsFault) in
            try KafkaSourceSettings(source, name: name, process: process, locate: locate)
        }
        for fault in [sinkFault, sourceFault] { faults += fault?.faults ?? [] }
        guard faults.isEmpty, let sinkSettings, let sourceSettings else { throw SettingsFault(faults: faults) }
        notes += sinkSettings.notes + sourceSettings.notes
        self.sink = sinkSettings
        self.source = sourceSettings
        self.notes = notes
        maxHeldEvents = held
    }

    private static func attempt<Settings>(
        _ make: () throws(SettingsFault) -> Settings
    ) -> (Settings?, SettingsFault?) {
        do throws(SettingsFault) {
            return (try make(), nil)
        } catch {
            return (nil, error)
        }
    }
}
