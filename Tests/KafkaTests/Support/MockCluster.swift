import CRdKafka

/// librdkafka's mock cluster: brokers inside this process that can be told to answer with errors.
///
/// For injected errors only; whether records arrive is asked of a real broker.
// @unchecked: both pointers are set once; the mock cluster's calls may come from any thread (rdkafka_mock.h).
final class MockCluster: @unchecked Sendable {
    private let client: OpaquePointer
    private let cluster: OpaquePointer

    init?(brokers: Int32 = 1) {
        guard let client = rd_kafka_new(RD_KAFKA_PRODUCER, Topics.configuration([:]), nil, 0) else { return nil }
        guard let cluster = rd_kafka_mock_cluster_new(client, brokers) else { return nil }
        self.client = client
        self.cluster = cluster
    }

    deinit {
        rd_kafka_mock_cluster_destroy(cluster)
        rd_kafka_destroy(client)
    }

    var bootstrap: String { String(cString: rd_kafka_mock_cluster_bootstraps(cluster)) }

    func makeTopic(_ name: String, partitions: Int32 = 1) {
        rd_kafka_mock_topic_create(cluster, name, partitions, 1)
    }

    /// What is asked about this topic is answered with this error from now on.
    func setError(_ error: rd_kafka_resp_err_t, of topic: String) {
        rd_kafka_mock_topic_set_error(cluster, topic, error)
    }

    /// The next requests of this kind are answered with these errors, one each.
    func failNext(_ key: RequestKey, with errors: [rd_kafka_resp_err_t]) {
        rd_kafka_mock_push_request_errors_array(cluster, key.rawValue, errors.count, errors)
    }

    func setDown(_ broker: Int32 = 1) { rd_kafka_mock_broker_set_down(cluster, broker) }
    func setUp(_ broker: Int32 = 1) { rd_kafka_mock_broker_set_up(cluster, broker) }
    func setRoundTrip(_ broker: Int32 = 1, milliseconds: Int32) {
        rd_kafka_mock_broker_set_rtt(cluster, broker, milliseconds)
    }

    /// Kafka's API keys (protocol guide, "API Keys").
    enum RequestKey: Int16 {
        case produce = 0
        case joinGroup = 11
        case heartbeat = 12
        case initProducerID = 22
        case endTransaction = 26
    }
}
