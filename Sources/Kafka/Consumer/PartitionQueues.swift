internal import CRdKafka

/// The queues of the partitions that were assigned, so that they can be emptied at the end.
///
/// librdkafka 2.0.2 leaves a mark in the queue of a partition that is taken away (a barrier, `rdkafka_assignment.c`); the
/// mark keeps the partition, and that its broker. Once the topic is deleted nobody else knows of the partition, and
/// `rd_kafka_destroy` waits for the broker's thread for ever (issue 4362; mended by pull request 4724, after 2.5).
@safe struct PartitionQueues: ~Copyable {
    @safe private struct Queue {
        let pointer: OpaquePointer
    }

    private var queues: [TopicPartition: Queue] = [:]

    deinit {
        for queue in queues.values { unsafe rd_kafka_queue_destroy(queue.pointer) }
    }

    /// Partitions that have been assigned. Of a topic that was deleted and made anew the later one counts.
    mutating func hold(_ partitions: [TopicPartition], of client: OpaquePointer) {
        for partition in partitions {
            let queue = unsafe rd_kafka_queue_get_partition(client, partition.topic, partition.partition)
            guard let queue = unsafe queue else { continue }
            let former = unsafe queues.updateValue(Queue(pointer: queue), forKey: partition)
            if let former { unsafe rd_kafka_queue_destroy(former.pointer) }
        }
    }

    /// Takes out what is left, when the consumer has closed: before, the queue of an assigned partition leads to the
    /// consumer's own, and nothing must be taken from that.
    mutating func empty() {
        for queue in queues.values {
            while let event = unsafe rd_kafka_queue_poll(queue.pointer, 0) { unsafe rd_kafka_event_destroy(event) }
        }
    }
}
