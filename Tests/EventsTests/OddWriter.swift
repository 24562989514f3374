import NIOCore

/// Writes arrays of events in the forms that libavro never writes and other peers may: split blocks, negative counts with
/// a size in bytes, keys that stand twice, integers longer than they need be.
struct OddWriter<Generator: RandomNumberGenerator> {
    var generator: Generator
    private(set) var bytes: [UInt8] = []

    init(_ generator: Generator) {
        self.generator = generator
    }

    mutating func array(_ events: [(headers: [(String, String)], body: [UInt8])]) {
        blocks(events.count) { writer, index in
            let event = events[index]
            writer.blocks(event.headers.count) { writer, header in
                writer.string(Array(event.headers[header].0.utf8))
                writer.string(Array(event.headers[header].1.utf8))
            }
            writer.string(event.body)
        }
    }

    mutating func string(_ content: [UInt8]) {
        long(Int64(content.count))
        bytes += content
    }

    /// A long in its shortest form, or padded with empty groups up to ten bytes.
    mutating func long(_ value: Int64) {
        var rest = UInt64(bitPattern: (value << 1) ^ (value >> 63))
        var groups: [UInt8] = []
        repeat {
            groups.append(UInt8(rest % 128))
            rest /= 128
        } while rest > 0
        if Int.random(in: 0..<4, using: &generator) == 0 {
            let length = Int.random(in: groups.count...10, using: &generator)
            groups += Array(repeating: 0, count: length - groups.count)
        }
        for index in groups.indices.dropLast() { groups[index] |= 0x80 }
        bytes += groups
    }

    private mutating func blocks(_ count: Int, _ entry: (inout OddWriter, Int) -> Void) {
        var next = 0
        while next < count {
            let size = Int.random(in: 1...(count - next), using: &generator)
            let range = next..<(next + size)
            next += size
            if Bool.random(using: &generator) {
                long(Int64(size))
                for index in range { entry(&self, index) }
            } else {
                let before = bytes
                bytes = []
                for index in range { entry(&self, index) }
                let content = bytes
                bytes = before
                long(-Int64(size))
                long(Int64(content.count))
                bytes += content
            }
        }
        long(0)
    }
}
