import Events
import Foundation
import TestSupport
import Testing

@testable import Kafka

/// Two agents in one group, of which one is killed: the other takes its partitions over, as noida-db never does, but a
/// named cluster and librdkafka's mock cluster do (the latter in this process, the agents in processes of their own).
@Suite(.serialized) struct MemberDeathTests {
    private static let total = 4_000
    private static let batch = 100

    private func file(_ name: String, _ bootstrap: String, _ topic: String, _ group: String, _ folder: String) -> String
    {
        """
        \(name).sources = r
        \(name).channels = c
        \(name).sinks = k
        \(name).sources.r.type = org.apache.flume.source.kafka.KafkaSource
        \(name).sources.r.channels = c
        \(name).sources.r.acknowledge = delivered
        \(name).sources.r.kafka.bootstrap.servers = \(bootstrap)
        \(name).sources.r.kafka.topics = \(topic)
        \(name).sources.r.kafka.consumer.group.id = \(group)
        \(name).sources.r.kafka.consumer.auto.offset.reset = earliest
        \(name).sources.r.kafka.consumer.session.timeout.ms = 6000
        \(name).sources.r.kafka.consumer.heartbeat.interval.ms = 500
        \(name).sources.r.batchSize = \(Self.batch)
        \(name).sources.r.batchDurationMillis = 50
        \(name).channels.c.type = memory
        \(name).channels.c.capacity = 10000
        \(name).channels.c.transactionCapacity = 100
        \(name).sinks.k.type = file_roll
        \(name).sinks.k.channel = c
        \(name).sinks.k.sink.directory = \(folder)
        \(name).sinks.k.sink.rollInterval = 0
        """
    }

    private func lines(_ space: Workspace) -> [String] {
        ["one", "two"].flatMap { space.files($0) }.flatMap { path in
            ((try? String(contentsOfFile: path, encoding: .utf8)) ?? "").split(separator: "\n").map(String.init)
        }
    }

    @Test func survivorTakesOver() async throws {
        let mock = Broker.namedCluster == nil ? MockCluster() : nil
        let bootstrap = mock?.bootstrap ?? Broker.namedCluster ?? ""
        let (topic, group) = (Topics.name("death"), Topics.name("g"))
        if let mock {
            mock.makeTopic(topic, partitions: 4)
        } else {
            try await Topics.makeNamed(topic, partitions: 4, on: bootstrap)
        }
        try await Workspace.use { space in
            let folders = try ["one", "two"].map { try space.makeFolder($0) }
            let one = try space.agent("one", file("one", bootstrap, topic, group, folders[0]))
            let two = try space.agent("two", file("two", bootstrap, topic, group, folders[1]))
            try await one.started()
            try await two.started()
            var written = 0
            func write(_ count: Int) async throws {
                try await RecordWriter.write(
                    (written..<(written + count)).map { .init("n\($0)", partition: Int32($0 % 4)) },
                    to: topic,
                    on: bootstrap
                )
                written += count
            }
            try await Waiting.until("both read", within: 60, details: one.program.story) {
                if written < Self.total / 2 { try await write(Self.batch) }
                try await Task.sleep(for: .milliseconds(200))
                let read = ["one", "two"].map { name in
                    space.files(name).contains { (try? Data(contentsOf: URL(fileURLWithPath: $0)))?.isEmpty == false }
                }
                return read == [true, true]
            }
            one.program.killNow()
            try await write(Self.total - written)
            try await Waiting.until("all are there", within: 90, details: two.program.story) {
                Set(lines(space)).count >= Self.total
            }
            let found = lines(space)
            #expect(Set(found) == Set((0..<Self.total).map { "n\($0)" }))
            // What the killed one held and what it had not committed yet; and what the first rebalance repeated.
            #expect(found.count - Self.total <= Self.total / 2, "\(found.count - Self.total) came twice")
            let end = try await two.program.terminate()
            #expect(end == .exited(0), "\(two.program.story)")
        }
    }
}
