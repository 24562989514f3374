/// Reads properties files exactly as java.util.Properties.load does, and keeps the place of every key and value.
package struct PropertiesReader {
    /// How bytes become characters. Flume 1.10 and later read ISO-8859-1, byte for byte.
    package enum Charset: Sendable {
        case latin1
        case utf8
    }

    /// The property that names the charset.
    package static let charsetProperty = "tributary.config.charset"

    private let file: String
    private let charset: Charset
    private var properties: [Property] = []
    private var diagnostics = Diagnostics()

    /// All keys of all files, merged in order. A key that stands twice keeps its first place and its last value, with
    /// a note that names both. Bad `\u` escapes are faults; such a property is left out.
    package static func read(
        files: [(path: String, bytes: [UInt8])],
        charset: Charset,
        diagnostics: inout Diagnostics
    ) -> [Property] {
        var merged: [Property] = []
        var places: [String: Int] = [:]
        for file in files {
            var reader = PropertiesReader(file: file.path, charset: charset)
            reader.read(file.bytes)
            diagnostics.append(reader.diagnostics)
            for property in reader.properties {
                if let place = places[property.key] {
                    diagnostics.note(
                        "`\(property.key)` stands twice: the value at \(merged[place].location) is not used",
                        at: property.location
                    )
                    merged[place] = property
                } else {
                    places[property.key] = merged.count
                    merged.append(property)
                }
            }
        }
        return merged
    }

    private init(file: String, charset: Charset) {
        self.file = file
        self.charset = charset
    }

    private mutating func read(_ bytes: [UInt8]) {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
            diagnostics.note(
                "the file begins with a byte order mark, which belongs to its first key, as in Flume",
                at: SourceLocation(file: file, line: 1, column: 1),
                advice: "save it without the mark"
            )
        }
        let scalars: [UInt32]
        switch charset {
        case .latin1: scalars = bytes.map(UInt32.init)
        case .utf8: scalars = String(decoding: bytes, as: UTF8.self).unicodeScalars.map(\.value)
        }
        var lines = PropertiesLineReader(scalars: scalars)
        var line: [PropertiesLineReader.Unit] = []
        while lines.next(into: &line) { readProperty(line) }
    }

    /// Splits a logical line at the first separator that is not escaped.
    private mutating func readProperty(_ line: [PropertiesLineReader.Unit]) {
        var keyEnd = 0
        var valueStart = line.count
        var hasSeparator = false
        var isEscaped = false
        while keyEnd < line.count {
            let scalar = line[keyEnd].scalar
            if !isEscaped, Self.isSeparator(scalar) || PropertiesLineReader.isBlank(scalar) {
                hasSeparator = Self.isSeparator(scalar)
                valueStart = keyEnd + 1
                break
            }
            isEscaped = scalar == 0x5C && !isEscaped
            keyEnd += 1
        }
        while valueStart < line.count {
            let scalar = line[valueStart].scalar
            if !PropertiesLineReader.isBlank(scalar) {
                guard !hasSeparator, Self.isSeparator(scalar) else { break }
                hasSeparator = true
            }
            valueStart += 1
        }
        let units = line[valueStart...]
        guard let key = unescape(line[..<keyEnd]), let value = unescape(units) else { return }
        let end = line[line.count - 1]
        let location = location(line[0])
        let valueLocation =
            units.first.map(self.location)
            ?? SourceLocation(file: file, line: Int(end.line), column: Int(end.column) + 1)
        let isVerbatim = units.first?.line == units.last?.line && !units.contains { $0.scalar == 0x5C }
        properties.append(
            Property(
                key: key,
                value: value,
                location: location,
                valueLocation: valueLocation,
                isVerbatim: isVerbatim
            )
        )
        checkCharset(units, key: key, at: valueLocation)
    }

    private static func isSeparator(_ scalar: UInt32) -> Bool { scalar == 0x3D || scalar == 0x3A }

    /// Resolves the escapes; nil after a fault.
    private mutating func unescape(_ units: ArraySlice<PropertiesLineReader.Unit>) -> String? {
        if units.allSatisfy({ $0.scalar < 0x80 && $0.scalar != 0x5C }) {
            return String(decoding: units.map { UInt8(truncatingIfNeeded: $0.scalar) }, as: UTF8.self)
        }
        var text: [UInt16] = []
        text.reserveCapacity(units.count)
        var index = units.startIndex
        while index < units.endIndex {
            let unit = units[index]
            index += 1
            guard unit.scalar == 0x5C, index < units.endIndex else {
                Self.append(unit.scalar, to: &text)
                continue
            }
            let escaped = units[index].scalar
            index += 1
            switch escaped {
            case 0x74: text.append(0x09)
            case 0x6E: text.append(0x0A)
            case 0x72: text.append(0x0D)
            case 0x66: text.append(0x0C)
            case 0x75:
                let digits = units[index..<min(index + 4, units.endIndex)]
                guard digits.count == 4, let code = Self.hexadecimal(digits) else {
                    diagnostics.fault(
                        "bad escape: `\\u` needs four hexadecimal digits",
                        at: location(unit),
                        advice: "for a backslash write `\\\\`"
                    )
                    return nil
                }
                text.append(code)
                index += 4
            default: Self.append(escaped, to: &text)
            }
        }
        return String(decoding: text, as: UTF16.self)
    }

    private static func hexadecimal(_ units: ArraySlice<PropertiesLineReader.Unit>) -> UInt16? {
        var code: UInt16 = 0
        for unit in units {
            switch unit.scalar {
            case 0x30...0x39: code = code << 4 | UInt16(unit.scalar - 0x30)
            case 0x41...0x46: code = code << 4 | UInt16(unit.scalar - 0x41 + 10)
            case 0x61...0x66: code = code << 4 | UInt16(unit.scalar - 0x61 + 10)
            default: return nil
            }
        }
        return code
    }

    private static func append(_ scalar: UInt32, to text: inout [UInt16]) {
        let scalar = Unicode.Scalar(scalar) ?? "\u{FFFD}"
        if let units = UTF16.encode(scalar) { text.append(contentsOf: units) }
    }

    /// Remarks on a value that was surely meant as UTF-8.
    private mutating func checkCharset(
        _ units: ArraySlice<PropertiesLineReader.Unit>,
        key: String,
        at location: SourceLocation
    ) {
        guard charset == .latin1, units.contains(where: { $0.scalar >= 0x80 }) else { return }
        let bytes = units.map { UInt8(truncatingIfNeeded: $0.scalar) }
        guard String(validating: bytes, as: UTF8.self) != nil else { return }
        diagnostics.note(
            "the value of `\(key)` looks like UTF-8 and is read as ISO-8859-1, as Flume does",
            at: location,
            advice: "write `\\uXXXX`, or read the file with `-D\(Self.charsetProperty)=UTF-8`"
        )
    }

    private func location(_ unit: PropertiesLineReader.Unit) -> SourceLocation {
        SourceLocation(file: file, line: Int(unit.line), column: Int(unit.column))
    }
}
