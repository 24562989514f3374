internal import CRdKafka

/// Owns one librdkafka consumer: records come from its own queue, everything else from the client's main queue.
///
/// `poll`, `close` and the last release belong to one thread, which may block in them; `wake` may be called from any.
// @unchecked: the pointers are set once in `init`; librdkafka's calls on them are safe from any thread (rdkafka.h,
// INTRODUCTION.md "Threads and callbacks").
@safe final class ConsumerHandle: @unchecked Sendable {
    let client: ClientHandle
    private let queue: OpaquePointer?
    private let hook: RebalanceHook

    init(_ client: ClientHandle, hook: RebalanceHook) {
        self.client = client
        self.hook = hook
        unsafe queue = client.withClient { unsafe rd_kafka_queue_get_consumer($0) }
    }

    deinit {
        hook.dropQueues()
        if let queue = unsafe queue { unsafe rd_kafka_queue_destroy(queue) }
    }

    /// The next record or error of a partition; `nil` when none came in time or `wake` was called. Rebalances are told
    /// from within.
    @inline(__always)
    func poll(milliseconds: Int32) -> ConsumedRecord? {
        let message = unsafe client.withClient { unsafe rd_kafka_consumer_poll($0, milliseconds) }
        guard let message = unsafe message else { return nil }
        return unsafe ConsumedRecord(adopting: message)
    }

    /// Ends a `poll` that is waiting, or the next one, and one of the client's main queue.
    func wake() {
        endPoll()
        client.wake()
    }

    /// Ends a `poll` that is waiting, or the next one.
    func endPoll() {
        if let queue = unsafe queue { unsafe rd_kafka_queue_yield(queue) }
    }

    /// Joins the group for these topics, in place of those there were.
    func subscribe(_ topics: [String]) throws(KafkaFailure) {
        let list = PartitionList(topics: topics)
        let error = unsafe client.withClient { unsafe rd_kafka_subscribe($0, list.pointer) }
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaFailure(code: error.rawValue) }
    }

    /// Lets every assigned partition stand still: nothing is fetched, and what was fetched ahead is dropped.
    func pause() {
        unsafe withAssignment { client, list in _ = unsafe rd_kafka_pause_partitions(client, list) }
    }

    func resume() {
        unsafe withAssignment { client, list in _ = unsafe rd_kafka_resume_partitions(client, list) }
    }

    private func withAssignment(
        _ body: (OpaquePointer, UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) -> Void
    ) {
        unsafe client.withClient { client in
            var list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?
            guard unsafe rd_kafka_assignment(client, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, let list = unsafe list
            else { return }
            let owned = unsafe PartitionList(adopting: list)
            unsafe body(client, owned.pointer)
        }
    }

    /// Asks for offsets to be committed; the answer comes as an event of the client's main queue.
    func commit(_ offsets: [PartitionOffset]) throws(KafkaFailure) {
        let list = PartitionList(offsets)
        let error = unsafe client.withClient { client in
            unsafe self.client.withQueue { unsafe rd_kafka_commit_queue(client, list.pointer, $0, nil, nil) }
        }
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaFailure(code: error.rawValue) }
    }

    /// Commits offsets and waits for the answer, for `milliseconds` at most.
    func commitNow(_ offsets: [PartitionOffset], milliseconds: Int32) -> CommitOutcome {
        let list = PartitionList(offsets)
        return unsafe client.withClient { client in
            let late = CommitOutcome(failed: offsets, KafkaFailure(code: RD_KAFKA_RESP_ERR__TIMED_OUT.rawValue))
            guard let queue = unsafe rd_kafka_queue_new(client) else { return late }
            defer { unsafe rd_kafka_queue_destroy(queue) }
            let error = unsafe rd_kafka_commit_queue(client, list.pointer, queue, nil, nil)
            guard error == RD_KAFKA_RESP_ERR_NO_ERROR else {
                return CommitOutcome(failed: offsets, KafkaFailure(code: error.rawValue))
            }
            guard let event = unsafe rd_kafka_queue_poll(queue, milliseconds) else { return late }
            return unsafe ClientEvent(adopting: event).commit
        }
    }

    /// Every topic that the cluster shows, without Kafka's own.
    func topics(milliseconds: Int32) throws(KafkaFailure) -> [String] {
        var metadata: UnsafePointer<rd_kafka_metadata>?
        let error = unsafe client.withClient { unsafe rd_kafka_metadata($0, 1, nil, &metadata, milliseconds) }
        defer { if let metadata = unsafe metadata { unsafe rd_kafka_metadata_destroy(metadata) } }
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR, let found = unsafe metadata?.pointee else {
            throw KafkaFailure(code: error.rawValue)
        }
        // org.apache.kafka.common.internals.Topic
        let own = ["__consumer_offsets", "__transaction_state"]
        return unsafe (0..<Int(found.topic_cnt)).map { unsafe String(cString: found.topics[$0].topic) }
            .filter { !own.contains($0) }
    }

    /// Leaves the group; blocks until that is done. The rebalance that ends everything is told from within. Nobody may call
    /// `wake` or `endPoll` meanwhile: it would return at once, half done.
    func close() throws(KafkaFailure) {
        let error = unsafe client.withClient { unsafe rd_kafka_consumer_close($0) }
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaFailure(code: error.rawValue) }
        hook.emptyQueues()
    }
}
