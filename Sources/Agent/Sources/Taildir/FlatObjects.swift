/// JSON arrays of flat objects whose members are whole numbers or texts: the form of Flume's position file.
enum FlatObjects {
    enum Value: Hashable, Sendable {
        case number(UInt64)
        case text(String)
    }

    typealias Object = [String: Value]

    /// Reads an array; where it breaks off or something else stands in it, the objects before that, and `isWhole` false.
    static func read(_ bytes: [UInt8]) -> (objects: [Object], isWhole: Bool) {
        var reader = Reader(bytes: bytes[...])
        var objects: [Object] = []
        guard reader.skip(0x5B) else { return ([], false) }
        if reader.skip(0x5D) { return ([], reader.isAtEnd) }
        repeat {
            guard let object = reader.object() else { return (objects, false) }
            objects.append(object)
        } while reader.skip(0x2C)
        return (objects, reader.skip(0x5D) && reader.isAtEnd)
    }

    /// A text in quotes as Gson writes it (JsonWriter, HTML-safe as `new Gson()` is): position files of ours and of Flume's
    /// are the same bytes.
    static func append(_ text: String, to output: inout [UInt8]) {
        output.append(0x22)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": output += Array("\\\"".utf8)
            case "\\": output += Array("\\\\".utf8)
            case "\t": output += Array("\\t".utf8)
            case "\u{8}": output += Array("\\b".utf8)
            case "\n": output += Array("\\n".utf8)
            case "\r": output += Array("\\r".utf8)
            case "\u{C}": output += Array("\\f".utf8)
            case "\0"..<" ", "<", ">", "&", "=", "'", "\u{2028}", "\u{2029}":
                let digits = String(scalar.value, radix: 16)
                output += Array("\\u".utf8) + [UInt8](repeating: 0x30, count: 4 - digits.utf8.count) + digits.utf8
            default: output += Array(String(scalar).utf8)
            }
        }
        output.append(0x22)
    }

    private struct Reader {
        var bytes: ArraySlice<UInt8>

        var isAtEnd: Bool {
            mutating get {
                skipSpace()
                return bytes.isEmpty
            }
        }

        mutating func skipSpace() {
            bytes = bytes.drop { $0 == 0x20 || (0x09...0x0D).contains($0) }
        }

        /// Takes one byte behind white space, if it is this one.
        mutating func skip(_ byte: UInt8) -> Bool {
            skipSpace()
            guard bytes.first == byte else { return false }
            bytes.removeFirst()
            return true
        }

        mutating func object() -> Object? {
            guard skip(0x7B) else { return nil }
            var object: Object = [:]
            if skip(0x7D) { return object }
            repeat {
                guard let name = text(), skip(0x3A), let value = value() else { return nil }
                object[name] = value
            } while skip(0x2C)
            return skip(0x7D) ? object : nil
        }

        private mutating func value() -> Value? {
            skipSpace()
            if bytes.first == 0x22 { return text().map { .text($0) } }
            let digits = bytes.prefix { (0x30...0x39).contains($0) }
            guard let number = UInt64(String(decoding: digits, as: UTF8.self)) else { return nil }
            bytes.removeFirst(digits.count)
            return .number(number)
        }

        private mutating func text() -> String? {
            guard skip(0x22) else { return nil }
            var units: [UInt8] = []
            var high: UInt32?
            while let byte = bytes.popFirst() {
                if byte == 0x22 { return String(decoding: units, as: UTF8.self) }
                guard byte == 0x5C else {
                    units.append(byte)
                    continue
                }
                guard let escape = bytes.popFirst() else { return nil }
                switch escape {
                case 0x75:
                    let digits = bytes.prefix(4)
                    guard digits.count == 4, let unit = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
                    else { return nil }
                    bytes.removeFirst(4)
                    if (0xD800..<0xDC00).contains(unit) {
                        high = unit
                        continue
                    }
                    var scalar = unit
                    if (0xDC00..<0xE000).contains(unit), let first = high {
                        scalar = 0x10000 + ((first - 0xD800) << 10) + (unit - 0xDC00)
                    }
                    high = nil
                    units += Array(String(Unicode.Scalar(scalar) ?? "\u{FFFD}").utf8)
                case 0x62: units.append(0x08)
                case 0x66: units.append(0x0C)
                case 0x6E: units.append(0x0A)
                case 0x72: units.append(0x0D)
                case 0x74: units.append(0x09)
                default: units.append(escape)
                }
            }
            return nil
        }
    }
}
