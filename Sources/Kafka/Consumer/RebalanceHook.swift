internal import CRdKafka

/// A change of the partitions that a consumer has.
enum Rebalance {
    case assigned([TopicPartition])
    /// `isLost`: somebody else has them already, so that nothing may be committed any more.
    case revoked([TopicPartition], isLost: Bool)
}

/// Where librdkafka's rebalance callback ends up.
// @unchecked: everything here runs on the one thread that polls the consumer (rdkafka.h, `rd_kafka_conf_set_rebalance_cb`);
// `handler` is set before that thread makes the client.
@safe final class RebalanceHook: @unchecked Sendable {
    /// Called before the change takes effect. Returns whether new partitions are to stand still for now.
    private let handler: (Rebalance) -> Bool
    private var queues = PartitionQueues()

    init(_ handler: @escaping (Rebalance) -> Bool) {
        self.handler = handler
    }

    /// The hook must outlive the client.
    func attach(to configuration: OpaquePointer) {
        unsafe rd_kafka_conf_set_opaque(configuration, Unmanaged.passUnretained(self).toOpaque())
        unsafe rd_kafka_conf_set_rebalance_cb(configuration) { client, error, partitions, opaque in
            guard let client = unsafe client, let opaque = unsafe opaque else { return }
            let hook = unsafe Unmanaged<RebalanceHook>.fromOpaque(opaque).takeUnretainedValue()
            unsafe hook.rebalance(client, error, partitions)
        }
    }

    /// The consumer has closed and has no partition any more.
    func emptyQueues() { queues.empty() }

    /// The client is about to end.
    func dropQueues() { queues = PartitionQueues() }

    private func rebalance(
        _ client: OpaquePointer,
        _ error: rd_kafka_resp_err_t,
        _ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?
    ) {
        let isCooperative =
            unsafe rd_kafka_rebalance_protocol(client).map { unsafe String(cString: $0) } == "COOPERATIVE"
        let partitions = unsafe PartitionList.partitions(list)
        var failure: OpaquePointer?
        switch error {
        case RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS:
            let isPaused = handler(.assigned(partitions))
            if isCooperative {
                unsafe failure = rd_kafka_incremental_assign(client, list)
            } else {
                _ = unsafe rd_kafka_assign(client, list)
            }
            if isPaused { _ = unsafe rd_kafka_pause_partitions(client, list) }
            unsafe queues.hold(partitions, of: client)
        case RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS:
            _ = handler(.revoked(partitions, isLost: unsafe rd_kafka_assignment_lost(client) != 0))
            if isCooperative {
                unsafe failure = rd_kafka_incremental_unassign(client, list)
            } else {
                _ = unsafe rd_kafka_assign(client, nil)
            }
        default:
            _ = handler(.revoked(partitions, isLost: true))
            _ = unsafe rd_kafka_assign(client, nil)
        }
        if let failure = unsafe failure { unsafe rd_kafka_error_destroy(failure) }
    }
}
