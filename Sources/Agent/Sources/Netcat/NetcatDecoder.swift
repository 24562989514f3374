/// A reader of one connection's bytes that knows where it stands in a character.
struct NetcatDecoder: Sendable {
    private let encoding: JavaCharset
    /// UTF-8 bytes that are due, and what the next one may be.
    private var due = 0
    private var allowed: ClosedRange<UInt8> = 0x80...0xBF

    init(_ encoding: JavaCharset) {
        self.encoding = encoding
    }

    /// Takes a byte: the characters (of 16 bits, as Java counts) that it begins, or `nil` where it cannot stand here.
    mutating func take(_ byte: UInt8) -> Int? {
        if byte < 0x80 { return due == 0 ? 1 : nil }
        switch encoding {
        case .latin1: return 1
        case .ascii: return nil
        case .utf8: break
        }
        guard due == 0 else {
            guard allowed.contains(byte) else { return nil }
            due -= 1
            allowed = 0x80...0xBF
            return 0
        }
        switch byte {
        case 0xC2...0xDF: due = 1
        case 0xE0: (due, allowed) = (2, 0xA0...0xBF)
        case 0xED: (due, allowed) = (2, 0x80...0x9F)
        case 0xE1...0xEF: due = 2
        case 0xF0: (due, allowed) = (3, 0x90...0xBF)
        case 0xF4: (due, allowed) = (3, 0x80...0x8F)
        case 0xF1...0xF3: due = 3
        default: return nil
        }
        return due == 3 ? 2 : 1
    }
}
