/// The partitions that a consumer has had records of since the last rebalance, by number, so that a record's is found
/// without a look at its topic's name.
struct PartitionPlaces {
    typealias Index = Int

    private struct Place {
        let token: UInt
        let partition: TopicPartition
        let topic: [UInt8]
    }

    private var places: [Place] = []
    private var last = 0

    /// Forgets all: after a rebalance a topic's token may stand for another.
    mutating func reset() {
        places.removeAll(keepingCapacity: true)
        last = 0
    }

    @inline(__always)
    mutating func index(of record: borrowing ConsumedRecord) -> Index {
        let (token, partition) = (record.topicToken, record.partition)
        if last < places.count, places[last].token == token, places[last].partition.partition == partition {
            return last
        }
        return search(record)
    }

    private mutating func search(_ record: borrowing ConsumedRecord) -> Index {
        let (token, partition) = (record.topicToken, record.partition)
        if let found = places.firstIndex(where: { $0.token == token && $0.partition.partition == partition }) {
            last = found
        } else {
            let topic = record.topic
            places.append(
                Place(
                    token: token,
                    partition: TopicPartition(topic: topic, partition: partition),
                    topic: Array(topic.utf8)
                )
            )
            last = places.count - 1
        }
        return last
    }

    subscript(_ index: Index) -> TopicPartition { places[index].partition }

    /// The topic's name.
    func topic(_ index: Index) -> [UInt8] { places[index].topic }
}
