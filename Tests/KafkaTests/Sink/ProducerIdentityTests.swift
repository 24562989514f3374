import CRdKafka
import NIOCore
import TestSupport
import Testing

@testable import Agent
@testable import Kafka

/// Errors of a producer's claim to its id, and of the end of a transaction, seen from the channel and from the topic.
@Suite(.serialized, .disabled(if: KcatReader.program == nil, "kcat is not installed")) struct ProducerIdentityTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let error: rd_kafka_resp_err_t
        let keys: [String: String]

        var testDescription: String {
            KafkaFailure.name(of: error.rawValue)
                + (keys["kafka.producer.transactional.id"] == nil ? " idempotent" : " transactional")
        }
    }

    private static let idempotent = ["kafka.producer.acks": "all", "kafka.producer.enable.idempotence": "true"]
    private static let transactional = ["kafka.producer.acks": "all", "kafka.producer.transactional.id": "tx"]

    private func cluster() throws -> MockCluster {
        let cluster = try #require(MockCluster())
        cluster.makeTopic("t")
        return cluster
    }

    private func bodies(_ cluster: MockCluster) async throws -> [String] {
        try await KcatReader.read("t", from: cluster.bootstrap).compactMap(\.payload)
    }

    /// What ends a client before it has begun: nothing leaves the channel, nothing is in the topic, until a client that is
    /// made anew has its id; then each event is there once.
    @Test(arguments: [
        Case(error: RD_KAFKA_RESP_ERR_PRODUCER_FENCED, keys: transactional),
        Case(error: RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, keys: transactional),
        Case(error: RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, keys: transactional),
        Case(error: RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, keys: idempotent),
    ])
    func fatalErrorOfTheIdKeepsAllInTheChannel(_ test: Case) async throws {
        let cluster = try cluster()
        let scene = try ChannelAndSink(cluster.bootstrap, test.keys, "\(test)")
        // One for each client; there is a new one every two seconds.
        cluster.failNext(.initProducerID, with: [test.error, test.error, test.error])
        try await scene.runner.start()
        func clients() -> Int { scene.harness.capture.warnings.count { $0.message.contains("is replaced") } }
        try await Waiting.until("a client was replaced", within: 10) { clients() > 0 }
        for _ in 0..<10 {
            #expect(scene.channelSize == 10)
            try await Task.sleep(for: .milliseconds(100))
        }
        #expect(scene.harness.counters.eventDrainSuccess.value == 0)
        #expect(try await bodies(cluster).isEmpty)
        try await scene.deliverAll()
        #expect(try await bodies(cluster).sorted() == scene.bodies)
    }

    /// The commit is asked for again, and nothing is sent twice.
    @Test(
        arguments: [
            RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NOT_COORDINATOR,
            RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS,
        ].map { Case(error: $0, keys: transactional) }
    )
    func retriableErrorOfTheCommitSendsNothingTwice(_ test: Case) async throws {
        let cluster = try cluster()
        let scene = try ChannelAndSink(cluster.bootstrap, test.keys, "\(test)")
        cluster.failNext(.endTransaction, with: [test.error, test.error])
        try await scene.runner.start()
        try await scene.deliverAll()
        #expect(scene.harness.counter("RollbackCount") == 0)
        #expect(try await bodies(cluster).sorted() == scene.bodies)
    }

    /// Somebody else has claimed the id before the commit: the group is given back, and goes with a new client. The mock
    /// cluster shows what was aborted too, so what a reader sees is each event once more.
    @Test(
        arguments: [RD_KAFKA_RESP_ERR_PRODUCER_FENCED, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH].map {
            Case(error: $0, keys: transactional)
        }
    )
    func fencedCommitGivesTheGroupBack(_ test: Case) async throws {
        let cluster = try cluster()
        let scene = try ChannelAndSink(cluster.bootstrap, test.keys, "\(test)")
        cluster.failNext(.endTransaction, with: [test.error])
        try await scene.runner.start()
        try await scene.deliverAll()
        #expect(scene.harness.counter("RollbackCount") > 0)
        let found = try await bodies(cluster)
        #expect(Set(found) == Set(scene.bodies))
        #expect(found.count == 20)
    }
}
