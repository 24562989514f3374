import CRdKafka
import Dispatch
import Events
import NIOCore
import TestSupport

/// Writes records as no sink of ours would: null keys and values, record headers, chosen partitions.
enum RecordWriter {
    struct Record: Sendable {
        var key: [UInt8]?
        var value: [UInt8]?
        var partition: Int32 = RD_KAFKA_PARTITION_UA
        var timestamp: Int64 = 0
        var headers: [(name: String, value: String)] = []

        init(_ value: String?, key: String? = nil, partition: Int32 = RD_KAFKA_PARTITION_UA) {
            self.value = value.map { Array($0.utf8) }
            self.key = key.map { Array($0.utf8) }
            self.partition = partition
        }

        init(bytes: [UInt8]) { value = bytes }
    }

    /// Returns when Kafka has them all.
    static func write(_ records: [Record], to topic: String, on bootstrap: String) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            DispatchQueue.global().async {
                continuation.resume(with: Result { try writeNow(records, topic, bootstrap) })
            }
        }
    }

    private static func writeNow(_ records: [Record], _ topic: String, _ bootstrap: String) throws {
        let configuration = Topics.configuration([
            "bootstrap.servers": bootstrap, "message.max.bytes": "20000000", "queue.buffering.max.messages": "1000000",
        ])
        guard let client = rd_kafka_new(RD_KAFKA_PRODUCER, configuration, nil, 0) else {
            throw Broker.Failure(description: "no producer")
        }
        defer { rd_kafka_destroy(client) }
        guard let handle = rd_kafka_topic_new(client, topic, nil) else {
            throw Broker.Failure(description: "no topic \(topic)")
        }
        defer { rd_kafka_topic_destroy(handle) }
        for record in records {
            var headers: OpaquePointer?
            if !record.headers.isEmpty { headers = rd_kafka_headers_new(record.headers.count) }
            for header in record.headers {
                rd_kafka_header_add(headers, header.name, -1, header.value, header.value.utf8.count)
            }
            let error = withBytes(record.value) { value in
                withBytes(record.key) { key in
                    tributary_kafka_produce(
                        client,
                        handle,
                        record.partition,
                        value,
                        record.value?.count ?? 0,
                        key,
                        record.key?.count ?? 0,
                        record.timestamp,
                        headers,
                        0
                    )
                }
            }
            guard error == RD_KAFKA_RESP_ERR_NO_ERROR else {
                throw Broker.Failure(description: "not produced: \(error)")
            }
        }
        guard rd_kafka_flush(client, 30_000) == RD_KAFKA_RESP_ERR_NO_ERROR else {
            throw Broker.Failure(description: "not flushed")
        }
    }

    /// Nil stays null; an empty value has an address.
    private static func withBytes<Result>(_ bytes: [UInt8]?, _ body: (UnsafeRawPointer?) -> Result) -> Result {
        guard let bytes else { return body(nil) }
        return (bytes + [0]).withUnsafeBytes { body($0.baseAddress) }
    }
}
