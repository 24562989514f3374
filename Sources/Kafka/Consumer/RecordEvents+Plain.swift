internal import Events

// Plain values with the headers that every record has, and its key: the map's start is kept from record to record.
extension RecordEvents {
    /// The start of a plain event's map, the same for all records of one partition and one millisecond.
    struct Prefix {
        var place: PartitionPlaces.Index = -1
        var timestamp: Int64 = .min
        var hasKey = false
        var bytes: [UInt8] = []
    }

    mutating func appendUsual(
        _ record: borrowing ConsumedRecord,
        _ place: PartitionPlaces.Index,
        _ places: PartitionPlaces,
        _ builder: inout EventBatchBuilder
    ) {
        let key = unsafe record.key
        let timestamp = record.timestamp
        let hasKey = unsafe key != nil && hasKeyField
        if prefix.place != place || prefix.timestamp != timestamp || prefix.hasKey != hasKey {
            makePrefix(record, place, places, hasKey: hasKey)
        }
        map.removeAll(keepingCapacity: true)
        map.append(contentsOf: prefix.bytes)
        map.appendAvro(decimal: record.offset)
        if hasKey, let key = unsafe key {
            map.append(contentsOf: Self.keyName)
            unsafe map.appendAvro(key)
        }
        map.append(0)
        let body = unsafe record.value ?? UnsafeRawBufferPointer(start: nil, count: 0)
        unsafe builder.append(map: map, body: body)
    }

    private static let keyName: [UInt8] = {
        var bytes: [UInt8] = []
        bytes.appendAvro(Array("key".utf8))
        return bytes
    }()

    private mutating func makePrefix(
        _ record: borrowing ConsumedRecord,
        _ place: PartitionPlaces.Index,
        _ places: PartitionPlaces,
        hasKey: Bool
    ) {
        var bytes: [UInt8] = []
        let always = fields.filter { $0.origin != .key }
        bytes.appendAvro(long: Int64(always.count + (hasKey ? 1 : 0)))
        for field in always where field.origin != .offset {
            bytes.appendAvro(field.name)
            switch field.origin {
            case .timestamp: bytes.appendAvro(decimal: record.timestamp)
            case .topic: bytes.appendAvro(places.topic(place))
            case .partition: bytes.appendAvro(decimal: Int64(record.partition))
            case .offset, .key, .header: break
            }
        }
        for field in always where field.origin == .offset { bytes.appendAvro(field.name) }
        prefix = Prefix(place: place, timestamp: record.timestamp, hasKey: hasKey, bytes: bytes)
    }
}
