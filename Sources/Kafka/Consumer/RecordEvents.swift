internal import Events

/// Makes events of Kafka's records, with the headers that Flume sets.
///
/// Plain values become bodies; under `usesEventFormat` a value is an event's whole Avro data, and the headers that it lacks
/// go in one map block in front of its own. The usual way is in `RecordEvents+Plain`, all others in `RecordEvents+Headers`.
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

    struct Field {
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

    var fields: [Field] = []
    private let usesEventFormat: Bool
    /// Whether two headers have one name, so that the later one decides.
    let hasClash: Bool
    /// Nothing but what every record has, and its key.
    private let isUsual: Bool
    let hasKeyField: Bool
    var values: [UInt8] = []
    var map: [UInt8] = []
    var prefix = Prefix()

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
}

extension EventBatchBuilder {
    mutating func append(map: [UInt8], body: UnsafeRawBufferPointer) {
        unsafe map.withUnsafeBytes { unsafe append(map: $0, body: body) }
    }
}
