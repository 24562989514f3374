import CRdKafka
import TestSupport
import Testing

@testable import Agent
@testable import Kafka

/// Each class of error that a broker may answer with, once, seen from the channel and from the topic.
@Suite(.serialized, .disabled(if: KcatReader.program == nil, "kcat is not installed")) struct InjectedErrorTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let error: rd_kafka_resp_err_t
        var keys: [String: String] = [:]

        var testDescription: String { KafkaFailure.name(of: error.rawValue) }
    }

    static let retriable: [rd_kafka_resp_err_t] = [
        RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
        RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
        RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION,
        RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR, RD_KAFKA_RESP_ERR_UNKNOWN,
    ]

    /// After which the same events come again from the channel, until they are taken.
    static let permanent: [rd_kafka_resp_err_t] = [
        RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE, RD_KAFKA_RESP_ERR_INVALID_MSG, RD_KAFKA_RESP_ERR_INVALID_RECORD,
        RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
        RD_KAFKA_RESP_ERR_POLICY_VIOLATION,
    ]

    private static let idempotent = ["kafka.producer.acks": "all", "kafka.producer.enable.idempotence": "true"]

    static let cases =
        retriable.map { Case(error: $0) } + permanent.map { Case(error: $0) } + [
            // Of the idempotent producer: the client is replaced.
            Case(error: RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, keys: idempotent),
            Case(error: RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID, keys: idempotent),
        ]

    @Test(arguments: cases) func everyEventArrives(_ test: Case) async throws {
        let cluster = try #require(MockCluster())
        cluster.makeTopic("t")
        let scene = try ChannelAndSink(cluster.bootstrap, test.keys, "\(test)")
        cluster.failNext(.produce, with: [test.error])
        try await scene.runner.start()
        try await scene.deliverAll()
        let found = try await KcatReader.read("t", from: cluster.bootstrap).compactMap(\.payload)
        #expect(Set(found) == Set(scene.bodies))
        #expect(found.count <= 20)
    }
}
