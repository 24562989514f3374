/// A frame as a plain reader of the wire sees it; written from the specification, without a look at ours.
struct PlainFrame: Hashable, Sendable {
    var serial: Int32
    var buffers: [[UInt8]]

    init(_ serial: Int32, cut buffers: [[UInt8]]) {
        self.serial = serial
        self.buffers = buffers
    }

    init(_ serial: Int32, _ buffers: [UInt8]...) {
        self.init(serial, cut: buffers)
    }

    var joined: [UInt8] { Array(buffers.joined()) }

    /// The same message in one buffer: what is compared where the cuts carry no meaning.
    var oneBuffer: PlainFrame { PlainFrame(serial, joined) }

    var bytes: [UInt8] {
        var bytes = PlainFrame.word(serial) + PlainFrame.word(Int32(buffers.count))
        for buffer in buffers { bytes += PlainFrame.word(Int32(buffer.count)) + buffer }
        return bytes
    }

    static func word(_ value: Int32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
    }

    /// All whole frames at the front of `bytes`, and how many bytes they take.
    static func parse(_ bytes: [UInt8]) -> (frames: [PlainFrame], end: Int) {
        var frames: [PlainFrame] = []
        var end = 0
        func int32(_ at: Int) -> Int? {
            guard at + 4 <= bytes.count else { return nil }
            return Int(Int32(bitPattern: bytes[at..<at + 4].reduce(0) { $0 << 8 | UInt32($1) }))
        }
        while let serial = int32(end), let count = int32(end + 4), count >= 0 {
            var at = end + 8
            var buffers: [[UInt8]] = []
            while buffers.count < count, let length = int32(at), length >= 0, at + 4 + length <= bytes.count {
                buffers.append(Array(bytes[at + 4..<at + 4 + length]))
                at += 4 + length
            }
            guard buffers.count == count else { break }
            frames.append(PlainFrame(Int32(serial), cut: buffers))
            end = at
        }
        return (frames, end)
    }
}
