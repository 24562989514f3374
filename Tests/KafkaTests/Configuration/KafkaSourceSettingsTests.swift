import Agent
import Testing

@testable import Kafka

@Suite struct KafkaSourceSettingsTests {
    private func settings(_ values: [String: String]) throws(SettingsFault) -> KafkaSourceSettings {
        try KafkaSourceSettings(values, name: "r1", locate: { "f.conf: a1.sources.r1.\($0)" })
    }

    private func topics(_ settings: KafkaSourceSettings) -> [String] {
        if case .named(let names) = settings.topics { names } else { [] }
    }

    private func value(_ settings: KafkaSourceSettings, _ name: String) -> String? {
        settings.options.last { $0.name == name }?.value
    }

    @Test func flumesDefaults() throws {
        let settings = try settings(["kafka.bootstrap.servers": "b:9092", "kafka.topics": "test1, test2 ,,test1"])
        #expect(topics(settings) == ["test1", "test2"])
        #expect(settings.group == "flume")
        #expect(settings.batchSize == 1000)
        #expect(settings.batchMilliseconds == 1000)
        #expect(settings.topicHeader == "topic")
        #expect(!settings.usesEventFormat)
        #expect(settings.notes.isEmpty)
        let expected = [
            "bootstrap.servers": "b:9092", "group.id": "flume", "auto.offset.reset": "latest", "client.id": "r1",
            "enable.auto.commit": "false", "enable.auto.offset.store": "false", "isolation.level": "read_uncommitted",
            "session.timeout.ms": "10000", "partition.assignment.strategy": "range",
        ]
        for (name, text) in expected { #expect(value(settings, name) == text, "\(name)") }
    }

    @Test func theFilesOwnValuesWin() throws {
        let settings = try settings([
            "kafka.bootstrap.servers": "b:9092", "kafka.topics": "t", "kafka.topics.regex": "x.*",
            "kafka.consumer.group.id": "g", "kafka.consumer.auto.offset.reset": "earliest",
            "kafka.consumer.session.timeout.ms": "6000", "batchSize": "7", "batchDurationMillis": "9",
            "kafka.consumer.made.up": "1", "setTopicHeader": "false", "header.A": "B",
        ])
        guard case .matching(let pattern) = settings.topics else { throw SettingsFault(faults: []) }
        #expect(pattern.matches("xyz") && !pattern.matches("axyz"))
        #expect(settings.group == "g")
        #expect(value(settings, "group.id") == "g")
        #expect(value(settings, "auto.offset.reset") == "earliest")
        #expect(value(settings, "session.timeout.ms") == "6000")
        #expect(settings.maxHeldEvents == 56)
        #expect(settings.topicHeader == nil)
        #expect(settings.eventHeaders == [.init(event: "A", record: "B")])
        #expect(settings.notes.map(\.key) == ["kafka.topics", "kafka.consumer.made.up"])
        #expect(settings.notes[0].message.contains("kafka.topics.regex"))
        #expect(settings.notes[1].message.contains("made.up"))
    }

    @Test func oldKeysAreTakenWithANote() throws {
        let settings = try settings([
            "kafka.bootstrap.servers": "b:1", "topic": "old", "groupId": "g0", "zookeeperConnect": "z:2181",
        ])
        #expect(topics(settings) == ["old"])
        #expect(settings.group == "g0")
        #expect(settings.notes.map(\.key).sorted() == ["groupId", "topic", "zookeeperConnect"])
    }

    struct Fault: Sendable {
        let values: [String: String]
        let key: String
        let says: String
    }

    @Test(arguments: [
        Fault(
            values: ["zookeeperConnect": "z:2181", "topic": "t"],
            key: "zookeeperConnect",
            says: "kafka.bootstrap.servers ="
        ),
        Fault(values: ["kafka.topics": "t"], key: "kafka.bootstrap.servers", says: "is missing"),
        Fault(values: ["kafka.bootstrap.servers": "b:1"], key: "kafka.topics", says: "is missing"),
        Fault(
            values: ["kafka.bootstrap.servers": "b:1", "kafka.topics": " , "],
            key: "kafka.topics",
            says: "is missing"
        ),
        Fault(
            values: ["kafka.bootstrap.servers": "b:1", "kafka.topics": "a b"],
            key: "kafka.topics",
            says: "no topic name"
        ),
        Fault(
            values: ["kafka.bootstrap.servers": "b:1", "kafka.topics.regex": "("],
            key: "kafka.topics.regex",
            says: "cannot be used"
        ),
        Fault(
            values: ["kafka.bootstrap.servers": "b:1", "kafka.topics": "t", "batchSize": "0"],
            key: "batchSize",
            says: "whole number"
        ),
    ])
    func faultsNameTheKey(_ test: Fault) throws {
        let fault = try #require(throws: SettingsFault.self) { _ = try settings(test.values) }
        #expect(fault.faults.map(\.key) == [test.key])
        #expect(fault.faults.first?.message.contains(test.says) == true)
        #expect(fault.faults.first?.message.contains("f.conf: a1.sources.r1.\(test.key)") == true)
    }
}
