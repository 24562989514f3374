internal import Events

/// Makes events of Kafka's records, with the headers that Flume sets.
///
/// Plain values become bodies; under `usesEventFormat` a value is an event's whole Avro data, and the headers that it lacks
/// go in one map block in front of its own.
struct RecordEvents {
    /// A header and where its value comes from.
    enum Origin: Hashable {
        case timestamp
        case topic
        case partition
        case offset
        case key
        /// The record's header of this name.
        case header(String)
    }

    /// A header that every event gets, where its record has a value for it.
    typealias Header = (name: String, origin: Origin, overwrites: Bool)

    private struct Field {
        let name: [UInt8]
        let origin: Origin
        /// Whether a value that the event brought itself gives way.
        let overwrites: Bool
        /// Where this record's value stands in `values`; `nil` where it has none.
        var value: Range<Int>?
    }

    /// Why a record is no event.
    enum Refusal: Error, CustomStringConvertible {
        case noValue
        case malformed(AvroError)

        var description: String {
            switch self {
            case .noValue: "the record has no value"
            case .malformed(let error): "\(error)"
            }
        }
    }

    private var fields: [Field] = []
    private let usesEventFormat: Bool
    /// Whether two headers have one name, so that the later one decides.
    private let hasClash: Bool
    /// Nothing but what every record has, and its key.
    private let isUsual: Bool
    private let hasKeyField: Bool
    private var values: [UInt8] = []
    private var map: [UInt8] = []
    private var prefix = Prefix()

    /// The start of a plain event's map, the same for all records of one partition and one millisecond.
    private struct Prefix {
        var place: PartitionPlaces.Index = -1
        var timestamp: Int64 = .min
        var hasKey = false
        var bytes: [UInt8] = []
    }

    /// - Parameter origins: in the order in which they are set.
    init(_ origins: [Header], usesEventFormat: Bool) {
        self.usesEventFormat = usesEventFormat
        for (name, origin, overwrites) in origins {
            fields.append(Field(name: Array(name.utf8), origin: origin, overwrites: overwrites))
        }
        hasKeyField = origins.contains { $0.origin == .key }
        hasClash = Set(origins.map(\.name)).count < origins.count
        isUsual =
            !usesEventFormat && !hasClash && origins.count(where: { $0.origin == .offset }) == 1
            && origins.allSatisfy { if case .header = $0.origin { false } else { true } }
    }

    /// Places have new numbers.
    mutating func forgetPlaces() { prefix = Prefix() }

    /// Adds a record's event behind the others.
    mutating func append(
        _ record: borrowing ConsumedRecord,
        from place: PartitionPlaces.Index,
        of places: PartitionPlaces,
        to builder: inout EventBatchBuilder
    ) throws(Refusal) {
        let value = unsafe record.value
        if isUsual {
            appendUsual(record, place, places, &builder)
        } else if usesEventFormat {
            guard let value = unsafe value else { throw .noValue }
            read(record, place, places)
            do throws(AvroError) {
                try unsafe appendDatum(value, &builder)
            } catch {
                throw .malformed(error)
            }
        } else {
            read(record, place, places)
            let body = unsafe value ?? UnsafeRawBufferPointer(start: nil, count: 0)
            if hasClash {
                unsafe appendMerged([:], body, &builder)
            } else {
                map.removeAll(keepingCapacity: true)
                writeBlock(fields.indices.filter { fields[$0].value != nil })
                map.append(0)
                unsafe builder.append(map: map, body: body)
            }
        }
    }

    // MARK: - Plain values

    private mutating func appendUsual(
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

    // MARK: - All the rest

    /// Finds the values of this record's fields.
    private mutating func read(
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
    private mutating func writeBlock(_ indices: [Int]) {
        guard !indices.isEmpty else { return }
        map.appendAvro(long: Int64(indices.count))
        for index in indices {
            guard let range = fields[index].value else { continue }
            map.appendAvro(fields[index].name)
            unsafe values.withUnsafeBytes { unsafe map.appendAvro(UnsafeRawBufferPointer(rebasing: $0[range])) }
        }
    }

    private mutating func appendDatum(
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
    private mutating func appendMerged(
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

extension EventBatchBuilder {
    fileprivate mutating func append(map: [UInt8], body: UnsafeRawBufferPointer) {
        unsafe map.withUnsafeBytes { unsafe append(map: $0, body: body) }
    }
}

extension [UInt8] {
    /// An Avro `long`: zigzag, then seven bits a byte, the lowest first.
    mutating func appendAvro(long value: Int64) {
        var rest = UInt64(bitPattern: value << 1 ^ value >> 63)
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(truncatingIfNeeded: rest))
    }

    /// Avro `string` or `bytes`.
    mutating func appendAvro(_ bytes: [UInt8]) {
        appendAvro(long: Int64(bytes.count))
        append(contentsOf: bytes)
    }

    /// Avro `string` or `bytes`.
    mutating func appendAvro(_ bytes: UnsafeRawBufferPointer) {
        appendAvro(long: Int64(bytes.count))
        unsafe append(contentsOf: bytes)
    }

    /// A number's digits as an Avro `string`.
    mutating func appendAvro(decimal value: Int64) {
        let start = count
        append(0)
        append(decimal: value)
        // At most 20 characters, so their number takes one byte.
        self[start] = UInt8(count - start - 1) << 1
    }

    /// A number's digits.
    mutating func append(decimal value: Int64) {
        if value < 0 { append(UInt8(ascii: "-")) }
        let start = count
        var rest = value.magnitude
        repeat {
            append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        self[start...].reverse()
    }
}
