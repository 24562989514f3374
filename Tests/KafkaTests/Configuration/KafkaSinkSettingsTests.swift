import Testing

@testable import Kafka

@Suite struct KafkaSinkSettingsTests {
    private func settings(
        _ values: [String: String],
        deliversForCallers: Bool = false
    ) throws(SettingsFault) -> KafkaSinkSettings {
        try KafkaSinkSettings(
            values,
            name: "k1",
            deliversForCallers: deliversForCallers,
            locate: { "f.conf:\($0.count)" }
        )
    }

    private func value(_ settings: KafkaSinkSettings, _ name: String) -> String? {
        settings.options.last { $0.name == name }?.value
    }

    @Test func flumesDefaults() throws {
        let settings = try settings(["kafka.bootstrap.servers": "b:9092"])
        #expect(settings.topic.source == "default-flume-topic")
        #expect(settings.batchSize == 100)
        #expect(settings.maxHeldEvents == 800)
        #expect(settings.allowsTopicOverride)
        #expect(settings.topicHeader == "topic")
        #expect(!settings.usesEventFormat)
        #expect(settings.notes.isEmpty)
        let expected = [
            "bootstrap.servers": "b:9092", "acks": "1", "partitioner": "murmur2_random",
            "max.in.flight.requests.per.connection": "5", "message.max.bytes": "1048576",
            "delivery.timeout.ms": "120000", "queue.buffering.max.kbytes": "32768", "retries": "2147483647",
            "reconnect.backoff.ms": "50", "reconnect.backoff.max.ms": "1000", "client.id": "k1",
        ]
        for (name, text) in expected { #expect(value(settings, name) == text, "\(name)") }
        #expect(value(settings, "enable.idempotence") == nil)
        #expect(Int(value(settings, "linger.ms") ?? "") ?? 99 <= 5)
    }

    @Test func allKeys() throws {
        let settings = try settings([
            "kafka.bootstrap.servers": "a:1,b:2", "kafka.topic": "t-%{x}", "flumeBatchSize": "7",
            "kafka.maxHeldEvents": "9", "useFlumeEventFormat": "TRUE", "allowTopicOverride": "false",
            "topicHeader": "th", "defaultPartitionId": "3", "partitionIdHeader": "ph", "timestampHeader": "ts",
            "header.FLUME": "KAFKA", "kafka.producer.acks": "all",
        ])
        #expect(settings.batchSize == 7)
        #expect(settings.maxHeldEvents == 9)
        #expect(settings.usesEventFormat)
        #expect(!settings.allowsTopicOverride)
        #expect(settings.topicHeader == "th")
        #expect(settings.defaultPartition == 3)
        #expect(settings.partitionHeader == "ph")
        #expect(settings.timestampHeader == "ts")
        #expect(settings.recordHeaders == [.init(event: "FLUME", record: "KAFKA")])
        #expect(value(settings, "acks") == "all")
    }

    @Test func callersShortenTheTimeout() throws {
        let brokers = ["kafka.bootstrap.servers": "b:1", "kafka.producer.acks": "all"]
        let short = try settings(brokers, deliversForCallers: true)
        #expect(value(short, "delivery.timeout.ms") == "12000")
        #expect(short.notes.isEmpty)
        let long = try settings(
            brokers.merging(["kafka.producer.delivery.timeout.ms": "60000"]) { $1 },
            deliversForCallers: true
        )
        #expect(value(long, "delivery.timeout.ms") == "60000")
        #expect(long.notes.map(\.key) == ["kafka.producer.delivery.timeout.ms"])
    }

    /// `delivered` is worth what Kafka's acknowledgement is; nobody else need hear of it.
    @Test(
        arguments: [
            ([:], "is 1: events count as delivered when one broker has them"),
            (["kafka.producer.acks": "1"], "is 1: events count as delivered when one broker has them"),
            (["requiredAcks": "1"], "is 1: events count as delivered when one broker has them"),
            (["kafka.producer.acks": "0"], "is 0: no broker confirms anything"),
            (["kafka.producer.acks": "-1"], nil), (["kafka.producer.acks": "all"], nil), (["requiredAcks": "-1"], nil),
            (["kafka.producer.request.required.acks": "all"], nil),
        ] as [([String: String], String?)]
    )
    func deliveredIsNoStrongerThanAcks(_ values: [String: String], _ words: String?) throws {
        let values = values.merging(["kafka.bootstrap.servers": "b:1"]) { $1 }
        func notes(_ delivers: Bool) throws -> [SettingsNote] {
            try settings(values, deliversForCallers: delivers).notes.filter { $0.key == "kafka.producer.acks" }
        }
        let found = try notes(true)
        #expect(found.count == (words == nil ? 0 : 1))
        if let words {
            #expect(found.first?.message.hasPrefix("f.conf:19: kafka.producer.acks \(words)") == true, "\(found)")
            #expect(found.first?.message.contains("acknowledge = delivered") == true)
        }
        #expect(try notes(false).isEmpty)
    }

    @Test func deprecatedKeysStillWork() throws {
        let settings = try settings(["brokerList": "b:1", "topic": "old", "batchSize": "5", "requiredAcks": "-1"])
        #expect(value(settings, "bootstrap.servers") == "b:1")
        #expect(settings.topic.source == "old")
        #expect(settings.batchSize == 5)
        #expect(value(settings, "acks") == "-1")
        #expect(settings.notes.map(\.key).sorted() == ["batchSize", "brokerList", "requiredAcks", "topic"])
        #expect(
            settings.notes.first { $0.key == "topic" }?.message == "f.conf:5: topic is deprecated; write kafka.topic"
        )
    }

    @Test func newKeysWin() throws {
        let settings = try settings([
            "kafka.bootstrap.servers": "new:1", "brokerList": "old:1", "kafka.topic": "new", "topic": "old",
            "kafka.flumeBatchSize": "6", "batchSize": "5",
        ])
        #expect(value(settings, "bootstrap.servers") == "new:1")
        #expect(settings.topic.source == "new")
        #expect(settings.batchSize == 6)
    }

    @Test func unknownPropertiesAreNotedAndLeftOut() throws {
        let settings = try settings(["kafka.bootstrap.servers": "b:1", "kafka.producer.no.such.key": "1"])
        #expect(settings.notes.map(\.key) == ["kafka.producer.no.such.key"])
        #expect(value(settings, "no.such.key") == nil)
    }

    @Test(
        arguments: [
            ([:], ["kafka.bootstrap.servers"]),
            (["kafka.bootstrap.servers": ""], ["kafka.bootstrap.servers"]),
            (["kafka.bootstrap.servers": "b:1", "defaultPartitionId": "x"], ["defaultPartitionId"]),
            (["kafka.bootstrap.servers": "b:1", "flumeBatchSize": "0"], ["flumeBatchSize"]),
            (["kafka.bootstrap.servers": "b:1", "flumeBatchSize": "1k"], ["flumeBatchSize"]),
            (["kafka.bootstrap.servers": "b:1", "kafka.topic": "a%[x]"], ["kafka.topic"]),
            (
                ["kafka.bootstrap.servers": "b:1", "kafka.producer.compression.type": "rar"],
                ["kafka.producer.compression.type"]
            ),
            (
                ["kafka.bootstrap.servers": "b:1", "kafka.producer.enable.idempotence": "true"],
                ["kafka.producer.enable.idempotence"]
            ),
            (
                ["kafka.bootstrap.servers": "b:1", "kafka.producer.transactional.id": "t"],
                ["kafka.producer.transactional.id"]
            ),
            (
                [
                    "kafka.bootstrap.servers": "b:1", "kafka.producer.transactional.id": "t",
                    "kafka.producer.acks": "1",
                ],
                ["kafka.producer.transactional.id"]
            ),
            (
                ["kafka.bootstrap.servers": "b:1", "kafka.producer.transactional.id": "t", "requiredAcks": "1"],
                ["kafka.producer.transactional.id"]
            ),
            (["flumeBatchSize": "x"], ["kafka.bootstrap.servers", "flumeBatchSize"]),
        ] as [([String: String], [String])]
    )
    func faultsNameEveryKey(_ values: [String: String], _ keys: [String]) {
        let fault = #expect(throws: SettingsFault.self) { try settings(values) }
        #expect(fault?.faults.map(\.key) == keys)
        for fault in fault?.faults ?? [] {
            #expect(fault.message.hasPrefix("f.conf:\(fault.key.count): \(fault.key) "), "\(fault.message)")
        }
    }

    @Test func secretsAreNotShown() throws {
        let fault = #expect(throws: SettingsFault.self) {
            try settings([
                "kafka.bootstrap.servers": "b:1",
                "kafka.producer.sasl.jaas.config": "x.PlainLoginModule required password=s3cret",
            ])
        }
        #expect(fault?.description.contains("s3cret") == false)
    }
}
