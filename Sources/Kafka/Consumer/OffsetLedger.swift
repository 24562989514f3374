internal import DequeModule

/// Which offsets may be committed: batches go out in order, are acknowledged in any order, and a partition's offset moves
/// over those batches that are acknowledged without a gap. No I/O, no clock, no lock.
///
/// A partition that is revoked is forgotten with everything that is out of it: what is acknowledged later moves nothing,
/// not even when the partition has come back meanwhile, for it is read again from what was committed.
struct OffsetLedger {
    typealias Number = UInt64

    fileprivate struct Part {
        let number: Number
        let next: Int64
        var isAcknowledged = false
    }

    fileprivate struct Partition {
        /// Which of this member's times with the partition it is.
        let term: UInt64
        /// What is out, in order.
        var parts: Deque<Part> = []
        /// Up to here everything is acknowledged; `nil` before the first batch is.
        var acknowledged: Int64?
        /// What a commit was asked for last and not refused.
        var requested: Int64?
    }

    private struct Batch {
        let partition: TopicPartition
        let term: UInt64
    }

    private var partitions: [TopicPartition: Partition] = [:]
    private var batches: [Number: [Batch]] = [:]
    private var nextNumber: Number = 0
    private var nextTerm: UInt64 = 0

    /// Batches of assigned partitions that are not acknowledged.
    var isSettled: Bool { partitions.values.allSatisfy(\.parts.isEmpty) }

    /// Whether some offset has moved since it was asked for last.
    var hasDue: Bool { partitions.values.contains { $0.acknowledged != nil && $0.acknowledged != $0.requested } }

    func isAssigned(_ partition: TopicPartition) -> Bool { partitions[partition] != nil }

    /// Whether this member still has the partition as it had it when the batch went out.
    func isCurrent(_ partition: TopicPartition, of number: Number) -> Bool {
        guard let term = partitions[partition]?.term else { return false }
        return batches[number]?.contains { $0.partition == partition && $0.term == term } ?? false
    }

    mutating func assign(_ assigned: [TopicPartition]) {
        for partition in assigned {
            partitions[partition] = Partition(term: nextTerm)
            nextTerm += 1
        }
    }

    mutating func revoke(_ revoked: [TopicPartition]) {
        for partition in revoked { partitions[partition] = nil }
        // Of no use any more.
        batches = batches.filter { batch in
            batch.value.contains { partitions[$0.partition]?.term == $0.term }
        }
    }

    /// A batch goes out.
    ///
    /// - Parameter ends: for each partition that it has records of, the offset behind the last of them; later than that of
    ///   every batch before.
    mutating func sent(_ ends: [PartitionOffset]) -> Number {
        let number = nextNumber
        nextNumber += 1
        var batch: [Batch] = []
        for end in ends {
            guard let term = partitions[end.partition]?.term else { continue }
            partitions[end.partition]?.parts.append(Part(number: number, next: end.next))
            batch.append(Batch(partition: end.partition, term: term))
        }
        batches[number] = batch
        return number
    }

    /// The channels have a batch. A number that is not out any more changes nothing.
    mutating func acknowledged(_ number: Number) {
        for batch in batches.removeValue(forKey: number) ?? [] {
            guard partitions[batch.partition]?.term == batch.term else { continue }
            partitions[batch.partition]?.acknowledge(number)
        }
    }

    /// The offsets that have moved since they were asked for last, by topic and partition.
    mutating func takeDue() -> [PartitionOffset] { takeDue { _ in true } }

    /// The same, of these partitions only.
    mutating func takeDue(of some: [TopicPartition]) -> [PartitionOffset] {
        let some = Set(some)
        return takeDue { some.contains($0) }
    }

    private mutating func takeDue(_ isWanted: (TopicPartition) -> Bool) -> [PartitionOffset] {
        var due: [PartitionOffset] = []
        for (name, partition) in partitions where isWanted(name) {
            guard let next = partition.acknowledged, next != partition.requested else { continue }
            partitions[name]?.requested = next
            due.append(PartitionOffset(partition: name, next: next))
        }
        return due.sorted {
            ($0.partition.topic, $0.partition.partition) < ($1.partition.topic, $1.partition.partition)
        }
    }

    /// Kafka did not take these: they are due again, unless a later one was asked for meanwhile.
    mutating func refused(_ offsets: [PartitionOffset]) {
        for offset in offsets where partitions[offset.partition]?.requested == offset.next {
            partitions[offset.partition]?.requested = nil
        }
    }
}

extension OffsetLedger.Partition {
    fileprivate mutating func acknowledge(_ number: OffsetLedger.Number) {
        // Numbers ascend.
        var (low, high) = (0, parts.count)
        while low < high {
            let middle = (low + high) / 2
            if parts[middle].number < number { low = middle + 1 } else { high = middle }
        }
        guard low < parts.count, parts[low].number == number else { return }
        parts[low].isAcknowledged = true
        while let first = parts.first, first.isAcknowledged {
            acknowledged = first.next
            parts.removeFirst()
        }
    }
}
