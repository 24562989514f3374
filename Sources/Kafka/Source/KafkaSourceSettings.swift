package import Agent

/// What a Kafka source is told: Flume's keys, with Flume's defaults (org.apache.flume.source.kafka.KafkaSourceConstants),
/// and the consumer's properties in librdkafka's words.
package struct KafkaSourceSettings: NotedSettings, Sendable {
    /// Which topics.
    enum Topics: Sendable {
        case named([String])
        /// Every topic whose whole name matches.
        case matching(RegularExpression)
    }

    /// `host:port` with commas between.
    package private(set) var bootstrapServers = ""
    private(set) var topics = Topics.named([])
    package private(set) var group = "flume"
    /// Events in one batch at most.
    package private(set) var batchSize = 1000
    /// Milliseconds from a batch's first event until it is put.
    package private(set) var batchMilliseconds: Int64 = 1000
    /// Events that are put and not acknowledged, at most; a larger batch is put alone.
    package private(set) var maxHeldEvents = 8000
    /// Values are whole Avro data, not bodies.
    package private(set) var usesEventFormat = false
    /// The header that gets the topic's name; `nil` for none.
    package private(set) var topicHeader: String? = "topic"
    /// Record headers that become event headers, by the event's name.
    package private(set) var eventHeaders: [MappedHeader] = []
    /// Everything for librdkafka, defaults first.
    package private(set) var options: [ClientOption] = []
    /// Key and trust stores.
    package private(set) var stores = ClientStores()
    /// Milliseconds between two looks for new topics that match.
    private(set) var metadataAge: Int64 = 300_000
    /// What the user should know, though the source starts.
    package private(set) var notes: [SettingsNote] = []

    /// An event header and the record header that it comes from.
    package struct MappedHeader: Hashable, Sendable {
        package let event: String
        package let record: String
    }

    /// Exact keys of the source, relative to the component.
    package static let keys: Set<String> = [
        "kafka.bootstrap.servers", "kafka.topics", "kafka.topics.regex", "batchSize", "batchDurationMillis",
        "kafka.maxHeldEvents", "useFlumeEventFormat", "setTopicHeader", "topicHeader",
        "topic", "groupId", "zookeeperConnect", "migrateZookeeperOffsets",
    ]

    /// Starts of further keys.
    package static let keyPrefixes = [JavaClientKey.Role.consumer.prefix, "header."]

    /// Reads a source's keys.
    ///
    /// - Parameters:
    ///   - values: by key, relative to the component; other components' keys are not looked at.
    ///   - name: the source's name, its default `client.id`.
    ///   - locate: where the file has a key, for messages.
    package init(
        _ values: [String: String],
        name: String,
        process: ProcessSettings = ProcessSettings(),
        locate: (_ key: String) -> String
    ) throws(SettingsFault) {
        var reader = SettingsReader(values, locate: locate)
        bootstrapServers = reader.brokers()
        topics = Self.topics(&reader)
        group = reader.text("kafka.consumer.group.id", deprecated: "groupId") ?? group
        batchSize = reader.count("batchSize") ?? batchSize
        batchMilliseconds = Int64(reader.count("batchDurationMillis") ?? Int(batchMilliseconds))
        maxHeldEvents = reader.count("kafka.maxHeldEvents") ?? batchSize * 8
        usesEventFormat = reader.flag("useFlumeEventFormat") ?? usesEventFormat
        let header = reader.text("topicHeader") ?? "topic"
        topicHeader = reader.flag("setTopicHeader") ?? true ? header : nil
        for (key, value) in values.sorted(by: { $0.key < $1.key }) where key.hasPrefix("header.") {
            eventHeaders.append(MappedHeader(event: String(key.dropFirst("header.".count)), record: value))
        }
        let defaults = ConsumerDefaults.options(
            bootstrapServers: bootstrapServers,
            group: group,
            name: name,
            offsetReset: "latest"
        )
        (options, stores) = reader.client(.consumer, defaults: defaults, without: ["group.id"], process: process)
        metadataAge = options.last { $0.name == "metadata.max.age.ms" }.flatMap { Int64($0.value) } ?? metadataAge
        notes = reader.notes
        guard reader.faults.isEmpty else { throw SettingsFault(faults: reader.faults) }
    }

    private static func topics(_ reader: inout SettingsReader) -> Topics {
        if let pattern = reader.values["kafka.topics.regex"] {
            for key in ["kafka.topics", "topic"] where reader.values[key] != nil {
                reader.note(key, "has no effect beside kafka.topics.regex")
            }
            do throws(RegularExpression.SyntaxError) {
                return .matching(try RegularExpression(pattern, matchesWhole: true))
            } catch {
                reader.fault("kafka.topics.regex", "cannot be used: \(error)")
                return .named([])
            }
        }
        let text = reader.text("kafka.topics", deprecated: "topic") ?? ""
        let names = text.split(separator: ",").map(\.trimmingBlanks).filter { !$0.isEmpty }
        let key = reader.values["kafka.topics"] == nil ? "topic" : "kafka.topics"
        for name in names { reader.checkTopic(name, of: key, "holds") }
        if names.isEmpty {
            reader.fault("kafka.topics", "is missing; name the topics as t1,t2, or give kafka.topics.regex")
        }
        var seen: Set<String> = []
        return .named(names.filter { seen.insert($0).inserted })
    }
}
