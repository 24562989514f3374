import NIOCore
import TestSupport

/// Ways in which one stream may come from a socket.
enum Pieces: CaseIterable {
    case whole
    case bytes
    /// Cut at places that the bytes themselves choose, so that an input always means the same.
    case drawn

    func cut(_ bytes: [UInt8]) -> [ByteBuffer] {
        switch self {
        case .whole: return [ByteBuffer(bytes: bytes)]
        case .bytes: return bytes.map { ByteBuffer(integer: $0) }
        case .drawn:
            var generator = Pieces.generator(bytes)
            var pieces: [ByteBuffer] = []
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Int.random(in: 1...min(rest.count, 600), using: &generator)
                pieces.append(ByteBuffer(bytes: rest.prefix(count)))
                rest = rest.dropFirst(count)
            }
            return pieces
        }
    }

    static func generator(_ bytes: [UInt8]) -> SeededGenerator {
        // FNV-1a.
        SeededGenerator(seed: bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 })
    }
}
