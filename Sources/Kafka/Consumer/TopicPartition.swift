internal import CRdKafka

/// One partition of a topic.
struct TopicPartition: Hashable, Sendable, CustomStringConvertible {
    let topic: String
    let partition: Int32

    var description: String { "\(topic)[\(partition)]" }
}

/// A place in a partition: the offset of the next record to be read.
struct PartitionOffset: Hashable, Sendable {
    let partition: TopicPartition
    let next: Int64
}

/// A `rd_kafka_topic_partition_list_t` of this module's own, freed with this value.
@safe struct PartitionList: ~Copyable {
    let pointer: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

    /// Takes over a list.
    init(adopting pointer: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) {
        unsafe self.pointer = unsafe pointer
    }

    init(topics: [String]) {
        unsafe pointer = rd_kafka_topic_partition_list_new(Int32(topics.count))
        for topic in topics { _ = unsafe rd_kafka_topic_partition_list_add(pointer, topic, RD_KAFKA_PARTITION_UA) }
    }

    init(_ offsets: [PartitionOffset]) {
        unsafe pointer = rd_kafka_topic_partition_list_new(Int32(offsets.count))
        for offset in offsets {
            let entry = unsafe rd_kafka_topic_partition_list_add(
                pointer,
                offset.partition.topic,
                offset.partition.partition
            )
            unsafe entry?.pointee.offset = offset.next
        }
    }

    deinit {
        unsafe rd_kafka_topic_partition_list_destroy(pointer)
    }

    /// The partitions of a list that somebody else owns.
    static func partitions(_ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?) -> [TopicPartition] {
        guard let list = unsafe list else { return [] }
        return unsafe (0..<Int(list.pointee.cnt)).map { index in
            let entry = unsafe list.pointee.elems[index]
            return unsafe TopicPartition(topic: String(cString: entry.topic), partition: entry.partition)
        }
    }
}

/// What became of a commit of offsets.
struct CommitOutcome {
    private(set) var committed: [PartitionOffset] = []
    private(set) var failed: [PartitionOffset] = []
    /// Why, where something failed.
    private(set) var failure: KafkaFailure?

    init(failed: [PartitionOffset], _ failure: KafkaFailure) {
        self.failed = failed
        self.failure = failure
    }

    /// - Parameter list: owned by the caller; its entries carry an error each.
    init(_ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?, error: rd_kafka_resp_err_t) {
        if error != RD_KAFKA_RESP_ERR_NO_ERROR { failure = KafkaFailure(code: error.rawValue) }
        guard let list = unsafe list else { return }
        let count = unsafe Int(list.pointee.cnt)
        for index in 0..<count {
            let entry = unsafe list.pointee.elems[index]
            let partition = unsafe TopicPartition(topic: String(cString: entry.topic), partition: entry.partition)
            let offset = unsafe PartitionOffset(partition: partition, next: entry.offset)
            let own = unsafe entry.err
            if error == RD_KAFKA_RESP_ERR_NO_ERROR, own == RD_KAFKA_RESP_ERR_NO_ERROR {
                committed.append(offset)
            } else {
                failed.append(offset)
                if failure == nil { failure = KafkaFailure(code: own.rawValue) }
            }
        }
    }
}
