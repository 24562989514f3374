import CRdKafka
import Dispatch
import Foundation
import TestSupport

/// Topics for tests, each with a name of its own.
enum Topics {
    static func name(_ word: String) -> String { "\(word)-\(UUID().uuidString.prefix(8))" }

    /// Creates a topic of so many partitions by librdkafka's admin call; its name. It has as many replicas as the cluster
    /// gives a topic by default (KIP-464), and keeps its records for ever, whatever their timestamps.
    ///
    /// - Parameter properties: librdkafka's, for TLS and SASL.
    static func make(
        _ word: String,
        partitions: Int32,
        on bootstrap: String,
        _ properties: [String: String] = [:]
    ) async throws -> String {
        let name = name(word)
        try await makeNamed(name, partitions: partitions, on: bootstrap, properties)
        return name
    }

    static func makeNamed(
        _ name: String,
        partitions: Int32 = 1,
        on bootstrap: String,
        _ properties: [String: String] = [:]
    ) async throws {
        let all = properties.merging(["bootstrap.servers": bootstrap]) { $1 }
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            DispatchQueue.global().async {
                continuation.resume(with: Result { try create(name, partitions, all) })
            }
        }
    }

    private static func create(_ name: String, _ partitions: Int32, _ properties: [String: String]) throws {
        guard let client = rd_kafka_new(RD_KAFKA_PRODUCER, configuration(properties), nil, 0) else {
            throw Broker.Failure(description: "no client for \(properties.keys.sorted())")
        }
        defer { rd_kafka_destroy(client) }
        let queue = rd_kafka_queue_new(client)
        defer { rd_kafka_queue_destroy(queue) }
        var topic: OpaquePointer? = rd_kafka_NewTopic_new(name, partitions, -1, nil, 0)
        defer { rd_kafka_NewTopic_destroy(topic) }
        rd_kafka_NewTopic_set_config(topic, "retention.ms", "-1")
        rd_kafka_CreateTopics(client, &topic, 1, nil, queue)
        let event = rd_kafka_queue_poll(queue, 15_000)
        defer { rd_kafka_event_destroy(event) }
        guard let event, rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR else {
            throw Broker.Failure(description: "topic \(name) was not created")
        }
        var count = 0
        let results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count)
        guard count == 1, rd_kafka_topic_result_error(results?[0]) == RD_KAFKA_RESP_ERR_NO_ERROR else {
            throw Broker.Failure(description: "topic \(name) was refused")
        }
    }

    static func delete(_ name: String, on bootstrap: String) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            DispatchQueue.global().async { continuation.resume(with: Result { try deleteNow(name, bootstrap) }) }
        }
    }

    private static func deleteNow(_ name: String, _ bootstrap: String) throws {
        let properties = configuration(["bootstrap.servers": bootstrap])
        guard let client = rd_kafka_new(RD_KAFKA_PRODUCER, properties, nil, 0) else {
            throw Broker.Failure(description: "no client for \(bootstrap)")
        }
        defer { rd_kafka_destroy(client) }
        let queue = rd_kafka_queue_new(client)
        defer { rd_kafka_queue_destroy(queue) }
        var topic: OpaquePointer? = rd_kafka_DeleteTopic_new(name)
        defer { rd_kafka_DeleteTopic_destroy(topic) }
        rd_kafka_DeleteTopics(client, &topic, 1, nil, queue)
        let event = rd_kafka_queue_poll(queue, 15_000)
        defer { rd_kafka_event_destroy(event) }
        guard let event, rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR else {
            throw Broker.Failure(description: "topic \(name) was not deleted")
        }
    }

    static func configuration(_ values: [String: String]) -> OpaquePointer? {
        let configuration = rd_kafka_conf_new()
        for (key, value) in values { rd_kafka_conf_set(configuration, key, value, nil, 0) }
        return configuration
    }
}
