/// Reads Avro values one after another as a peer in another language would; `nil` where the data end.
struct PlainReader {
    let bytes: [UInt8]
    var at = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var rest: [UInt8] { Array(bytes[at...]) }
    var isAtEnd: Bool { at == bytes.count }

    mutating func long() -> Int64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while at < bytes.count, shift < 64 {
            let byte = bytes[at]
            at += 1
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1) }
            shift += 7
        }
        return nil
    }

    mutating func take(_ count: Int) -> [UInt8]? {
        guard count >= 0, at + count <= bytes.count else { return nil }
        defer { at += count }
        return Array(bytes[at..<at + count])
    }

    mutating func string() -> [UInt8]? {
        guard let length = long() else { return nil }
        return take(Int(length))
    }

    /// One block and the end, as Java writes a map; anything else is `nil`.
    mutating func map() -> [String: [UInt8]]? {
        guard let count = long(), count >= 0 else { return nil }
        if count == 0 { return [:] }
        var map: [String: [UInt8]] = [:]
        for _ in 0..<count {
            guard let key = string(), let value = string() else { return nil }
            map[String(decoding: key, as: UTF8.self)] = value
        }
        return long() == 0 ? map : nil
    }

    /// An array of events in one block: headers and bodies as text.
    mutating func events() -> [PlainEvent]? {
        guard let count = long(), count >= 0 else { return nil }
        if count == 0 { return [] }
        var events: [PlainEvent] = []
        for _ in 0..<count {
            guard let headers = map(), let body = string() else { return nil }
            events.append(
                PlainEvent(
                    headers: headers.mapValues { String(decoding: $0, as: UTF8.self) },
                    body: String(decoding: body, as: UTF8.self)
                )
            )
        }
        return long() == 0 ? events : nil
    }
}

struct PlainEvent: Hashable {
    var headers: [String: String]
    var body: String
}

/// CRC32C bit by bit: the definition itself.
func plainChecksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
    var crc = UInt32.max
    for byte in bytes {
        crc ^= UInt32(byte)
        for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
    }
    return ~crc
}
