/// A slow reader of Avro's binary form, written for the tests from the specification and sharing nothing with the one
/// it checks: an index into an array of bytes, one byte at a time.
package struct PlainReader {
    package struct Malformed: Error {
        package init() {}
    }

    package typealias PlainEvent = (headers: [[UInt8]: [UInt8]], body: [UInt8])

    private let bytes: [UInt8]
    package private(set) var at = 0

    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    package mutating func byte() throws -> UInt8 {
        if at >= bytes.count { throw Malformed() }
        at += 1
        return bytes[at - 1]
    }

    package mutating func long() throws -> Int64 {
        var groups: [UInt8] = []
        while true {
            let next = try byte()
            groups.append(next % 128)
            if next < 128 { break }
            if groups.count == 10 { throw Malformed() }
        }
        var value: UInt64 = 0
        for (index, group) in groups.enumerated() {
            if index == 9 && group > 1 { throw Malformed() }
            value += UInt64(group) << UInt64(7 * index)
        }
        return value % 2 == 0 ? Int64(value / 2) : -Int64(value / 2) - 1
    }

    package mutating func bytes(_ length: Int64) throws -> [UInt8] {
        if length < 0 { throw Malformed() }
        var result: [UInt8] = []
        for _ in 0..<length { result.append(try byte()) }
        return result
    }

    package mutating func string() throws -> [UInt8] {
        let length = try long()
        if length > Int64(bytes.count - at) { throw Malformed() }
        return try bytes(length)
    }

    /// Calls `entry` for each entry of an array or map.
    package mutating func blocks(_ entry: (inout PlainReader) throws -> Void) throws {
        while true {
            var count = try long()
            if count == 0 { return }
            var end: Int64?
            if count < 0 {
                if count == .min { throw Malformed() }
                count = -count
                let size = try long()
                if size < 0 || size > Int64(bytes.count - at) { throw Malformed() }
                end = Int64(at) + size
            }
            // Every entry takes two bytes at least.
            if count > Int64(bytes.count - at) / 2 { throw Malformed() }
            for _ in 0..<count { try entry(&self) }
            if let end, end != Int64(at) { throw Malformed() }
        }
    }

    package mutating func event() throws -> PlainEvent {
        var headers: [[UInt8]: [UInt8]] = [:]
        try blocks { reader in
            let key = try reader.string()
            headers[key] = try reader.string()
        }
        return (headers, try string())
    }

    package mutating func array() throws -> [PlainEvent] {
        var events: [PlainEvent] = []
        try blocks { events.append(try $0.event()) }
        return events
    }
}
