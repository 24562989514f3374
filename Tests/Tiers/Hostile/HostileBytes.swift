import TestSupport

/// Reads what a hostile input sends: words between blanks, `#` to the end of a line is a remark.
///
/// | word | bytes |
/// |---|---|
/// | `00ff7e` | these |
/// | `"text"` | its UTF-8; `\n`, `\r`, `\t`, `\"`, `\\` |
/// | `int32 N` | four, big-endian |
/// | `long N` | an Avro int or long |
/// | `string "text"` | an Avro string |
/// | `filler N`, `zeros N` | N times `x`, N zeros |
/// | `times N { … }` | what is in braces, N times |
/// | `sized { … }` | an Avro bytes with that content |
/// | `buffer { … }` | a buffer of a frame: its length, its bytes |
/// | `frame S { … }` | a frame with serial S: one buffer, or several with a bar between |
/// | `handshake` | a request under the released protocol's hash, as Java sends it |
/// | `named` | the same of a peer that names itself |
/// | `head "name"` | a call's empty meta and its name |
/// | `event` | an event with one header, host = a, and the body `hostile` |
/// | `zlib { … }` | the content as a zlib stream, flushed, not ended |
///
/// Between frames: `hello` shakes hands by a ping with serial 1 and waits for the answer, `pause` waits 20 ms, `half` closes
/// the sending side.
struct HostileBytes {
    enum Part: Hashable, Sendable {
        case send([UInt8])
        case hello
        case pause
        case half
    }

    struct Fault: Error, CustomStringConvertible {
        let description: String
    }

    private enum Token: Equatable {
        case word(Substring)
        case text([UInt8])
    }

    static let hash = Array(hex: "86aadae2c45474c0fe93ffd0f2350a65")
    static let handshake = hash + [0] + hash + [2, 0]
    private static let event = long(1) + string("host") + string("a") + [0] + string("hostile")

    private var rest: Substring

    init(_ text: String) {
        rest = text[...]
    }

    /// All parts, bytes that follow one another in one.
    mutating func parts() throws -> [Part] {
        var parts: [Part] = []
        var bytes: [UInt8] = []
        func add(_ part: Part) {
            if !bytes.isEmpty { parts.append(.send(bytes)) }
            bytes = []
            parts.append(part)
        }
        while let token = try next() {
            switch token {
            case .word("hello"): add(.hello)
            case .word("pause"): add(.pause)
            case .word("half"): add(.half)
            default: bytes += try value(token)
            }
        }
        if !bytes.isEmpty { parts.append(.send(bytes)) }
        return parts
    }

    private mutating func next() throws -> Token? {
        while let first = rest.first {
            if first.isWhitespace {
                rest.removeFirst()
            } else if first == "#" {
                rest = rest.drop { $0 != "\n" }
            } else {
                break
            }
        }
        guard let first = rest.first else { return nil }
        if first == "\"" { return .text(try text()) }
        let word = rest.prefix { !$0.isWhitespace && $0 != "#" }
        rest = rest.dropFirst(word.count)
        return .word(word)
    }

    private mutating func text() throws -> [UInt8] {
        var bytes: [UInt8] = []
        rest.removeFirst()
        while let character = rest.popFirst() {
            if character == "\"" { return bytes }
            guard character == "\\" else {
                bytes += String(character).utf8
                continue
            }
            switch rest.popFirst() {
            case "n": bytes.append(0x0a)
            case "r": bytes.append(0x0d)
            case "t": bytes.append(0x09)
            case let other?: bytes += String(other).utf8
            case nil: break
            }
        }
        throw Fault(description: "a text does not end")
    }

    private mutating func value(_ token: Token) throws -> [UInt8] {
        guard case .word(let word) = token else {
            if case .text(let bytes) = token { return bytes }
            return []
        }
        switch word {
        case "int32": return Self.int32(Int32(truncatingIfNeeded: try number()))
        case "long": return Self.long(try number())
        case "string":
            let text = try text(after: word)
            return Self.long(Int64(text.count)) + text
        case "filler": return Array(repeating: 0x78, count: Int(try number()))
        case "zeros": return Array(repeating: 0, count: Int(try number()))
        case "times":
            let count = Int(try number())
            let content = try block()
            return Self.repeated(content, count)
        case "sized":
            let content = try block()
            return Self.long(Int64(content.count)) + content
        case "buffer":
            let content = try block()
            return Self.int32(Int32(content.count)) + content
        case "frame":
            let serial = Int32(truncatingIfNeeded: try number())
            let buffers = try blocks()
            return Self.int32(serial) + Self.int32(Int32(buffers.count))
                + buffers.flatMap { Self.int32(Int32($0.count)) + $0 }
        case "handshake": return Self.handshake
        case "named": return Self.hash + [0] + Self.hash + [2, 2] + Self.string("tributary") + Self.string("1") + [0]
        case "head":
            let text = try text(after: word)
            return [0] + Self.long(Int64(text.count)) + text
        case "event": return Self.event
        case "zlib": return PlainDeflater().write(try block())
        default:
            guard word.count % 2 == 0, word.allSatisfy(\.isHexDigit) else {
                throw Fault(description: "`\(word)` is no word")
            }
            return Array(hex: String(word))
        }
    }

    /// By doubling: a million times is no matter.
    private static func repeated(_ bytes: [UInt8], _ count: Int) -> [UInt8] {
        if count == 0 || bytes.isEmpty { return [] }
        let half = repeated(bytes, count / 2)
        return count % 2 == 0 ? half + half : half + half + bytes
    }

    private mutating func number() throws -> Int64 {
        guard case .word(let word)? = try next(), let number = Int64(word) else {
            throw Fault(description: "a number is missing")
        }
        return number
    }

    private mutating func text(after word: Substring) throws -> [UInt8] {
        guard case .text(let bytes)? = try next() else { throw Fault(description: "a text is missing after \(word)") }
        return bytes
    }

    private mutating func block() throws -> [UInt8] { try blocks().flatMap { $0 } }

    private mutating func blocks() throws -> [[UInt8]] {
        guard try next() == .word("{") else { throw Fault(description: "`{` is missing") }
        var blocks: [[UInt8]] = [[]]
        while let token = try next() {
            switch token {
            case .word("}"): return blocks
            case .word("|"): blocks.append([])
            default: blocks[blocks.count - 1] += try value(token)
            }
        }
        throw Fault(description: "`}` is missing")
    }
}

extension HostileBytes {
    static func int32(_ value: Int32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }

    static func long(_ value: Int64) -> [UInt8] {
        var rest = UInt64(bitPattern: (value << 1) ^ (value >> 63))
        var bytes: [UInt8] = []
        while rest > 0x7f {
            bytes.append(UInt8(rest & 0x7f) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    static func string(_ text: String) -> [UInt8] { long(Int64(text.utf8.count)) + Array(text.utf8) }

    /// A frame of one buffer.
    static func frame(_ serial: Int32, _ message: [UInt8]) -> [UInt8] {
        int32(serial) + int32(1) + int32(Int32(message.count)) + message
    }
}

extension [UInt8] {
    init(hex: String) {
        let digits = hex.compactMap(\.hexDigitValue)
        self = stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}
