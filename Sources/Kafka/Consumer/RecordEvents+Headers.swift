internal import Events

// Events whose headers take a look at each record: record headers, clashing names, whole Avro data.
extension RecordEvents {
    /// Finds the values of this record's fields.
    mutating func read(
        _ record: borrowing ConsumedRecord,
        _ place: PartitionPlaces.Index,
        _ places: PartitionPlaces
    ) {
        values.removeAll(keepingCapacity: true)
        for index in fields.indices {
            let start = values.count
            var isThere = true
            switch fields[index].origin {
            case .timestamp: values.append(decimal: record.timestamp)
            case .topic: values.append(contentsOf: places.topic(place))
            case .partition: values.append(decimal: Int64(record.partition))
            case .offset: values.append(decimal: record.offset)
            case .key:
                if let key = unsafe record.key { unsafe values.append(contentsOf: key) } else { isThere = false }
            case .header(let name):
                if let value = unsafe record.header(name) {
                    unsafe values.append(contentsOf: value)
                } else {
                    isThere = false
                }
            }
            fields[index].value = isThere ? start..<values.count : nil
        }
    }

    /// One map block of these fields; nothing where there are none.
    mutating func writeBlock(_ indices: [Int]) {
        guard !indices.isEmpty else { return }
        map.appendAvro(long: Int64(indices.count))
        for index in indices {
            guard let range = fields[index].value else { continue }
            map.appendAvro(fields[index].name)
            unsafe values.withUnsafeBytes { unsafe map.appendAvro(UnsafeRawBufferPointer(rebasing: $0[range])) }
        }
    }

    mutating func appendDatum(
        _ value: UnsafeRawBufferPointer,
        _ builder: inout EventBatchBuilder
    ) throws(AvroError) {
        let (event, repeatsKeys) = try unsafe UnsafeEvent.checked(value, limits: EventLimits())
        var missing = fields.indices.filter { fields[$0].value != nil }
        var mustMerge = repeatsKeys || hasClash
        let behind = unsafe event.forEachHeader { key, old in
            guard let at = missing.firstIndex(where: { unsafe Self.same(fields[$0].name, key) }) else { return }
            let field = fields[missing[at]]
            if field.overwrites, let range = field.value {
                let isSame = unsafe values[range].elementsEqual(old)
                if !isSame { mustMerge = true }
            }
            missing.remove(at: at)
        }
        let body = unsafe event.body(at: behind)
        if mustMerge {
            var headers: [[UInt8]: [UInt8]] = [:]
            unsafe event.forEachHeader { key, old in unsafe headers[Array(key)] = Array(old) }
            unsafe appendMerged(headers, body, &builder)
            return
        }
        map.removeAll(keepingCapacity: true)
        writeBlock(missing)
        unsafe map.append(contentsOf: event.bytes[..<behind])
        unsafe builder.append(map: map, body: body)
    }

    /// An event whose map is written anew.
    mutating func appendMerged(
        _ own: [[UInt8]: [UInt8]],
        _ body: UnsafeRawBufferPointer,
        _ builder: inout EventBatchBuilder
    ) {
        var headers = own
        for field in fields {
            guard let range = field.value, field.overwrites || headers[field.name] == nil else { continue }
            headers[field.name] = Array(values[range])
        }
        map.removeAll(keepingCapacity: true)
        if !headers.isEmpty { map.appendAvro(long: Int64(headers.count)) }
        for (name, value) in headers {
            map.appendAvro(name)
            map.appendAvro(value)
        }
        map.append(0)
        unsafe builder.append(map: map, body: body)
    }

    private static func same(_ name: [UInt8], _ key: UnsafeRawBufferPointer) -> Bool {
        unsafe name.count == key.count && key.elementsEqual(name)
    }
}
