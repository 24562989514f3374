/// Keys and values of a properties file as java.util.Properties.load's documentation has them, read slowly: first all
/// natural lines, then logical ones, then keys.
struct PlainProperties {
    /// In the order of the keys' first places; the last value counts.
    private(set) var pairs: [(key: String, value: String)] = []
    /// Some line has an escape that Java refuses.
    private(set) var hasBadEscape = false
    /// Natural lines.
    let lines: Int

    private static let backslash: UInt32 = 0x5c

    init(_ scalars: [UInt32]) {
        let natural = Self.naturalLines(scalars)
        lines = natural.count
        var places: [String: Int] = [:]
        for line in Self.logicalLines(natural) {
            let (key, value) = Self.split(line)
            guard let key = Self.unescaped(key), let value = Self.unescaped(value) else {
                hasBadEscape = true
                continue
            }
            if let place = places[key] {
                pairs[place].value = value
            } else {
                places[key] = pairs.count
                pairs.append((key, value))
            }
        }
    }

    /// Lines end at LF, CR or CR LF.
    private static func naturalLines(_ scalars: [UInt32]) -> [[UInt32]] {
        var lines: [[UInt32]] = [[]]
        for (index, scalar) in scalars.enumerated() {
            if scalar == 0x0a, index > 0, scalars[index - 1] == 0x0d { continue }
            if scalar == 0x0a || scalar == 0x0d { lines.append([]) } else { lines[lines.count - 1].append(scalar) }
        }
        return lines
    }

    private static func isBlank(_ scalar: UInt32) -> Bool { [0x20, 0x09, 0x0c].contains(scalar) }

    private static func withoutLeadingBlanks(_ line: [UInt32]) -> [UInt32] { Array(line.drop(while: isBlank)) }

    /// A line goes on in the next where it ends in an odd number of backslashes.
    private static func goesOn(_ line: [UInt32]) -> Bool {
        line.reversed().prefix { $0 == backslash }.count % 2 == 1
    }

    private static func logicalLines(_ natural: [[UInt32]]) -> [[UInt32]] {
        var logical: [[UInt32]] = []
        var index = 0
        while index < natural.count {
            var line = withoutLeadingBlanks(natural[index])
            index += 1
            if line.isEmpty || line[0] == 0x23 || line[0] == 0x21 { continue }
            var whole: [UInt32] = []
            while goesOn(line) {
                whole += line.dropLast()
                line = index < natural.count ? withoutLeadingBlanks(natural[index]) : []
                index += 1
            }
            whole += line
            if !whole.isEmpty { logical.append(whole) }
        }
        return logical
    }

    /// The key ends at the first `=`, `:` or blank without a backslash in front; blanks and one `=` or `:` are no part of
    /// the value.
    private static func split(_ line: [UInt32]) -> (key: ArraySlice<UInt32>, value: ArraySlice<UInt32>) {
        var end = 0
        while end < line.count, !isBlank(line[end]), line[end] != 0x3d, line[end] != 0x3a {
            end += line[end] == backslash ? 2 : 1
        }
        end = min(end, line.count)
        var rest = line[end...].drop(while: isBlank)
        if let first = rest.first, first == 0x3d || first == 0x3a { rest = rest.dropFirst().drop(while: isBlank) }
        return (line[..<end], rest)
    }

    private static func unescaped(_ text: ArraySlice<UInt32>) -> String? {
        var units: [UInt16] = []
        var rest = text
        while let scalar = rest.popFirst() {
            guard scalar == backslash, let next = rest.popFirst() else {
                append(scalar, to: &units)
                continue
            }
            switch next {
            case 0x74: units.append(9)
            case 0x6e: units.append(10)
            case 0x72: units.append(13)
            case 0x66: units.append(12)
            case 0x75:
                let digits = rest.prefix(4).compactMap(Unicode.Scalar.init)
                guard rest.count >= 4, digits.allSatisfy(\.properties.isASCIIHexDigit), digits.count == 4,
                    let unit = UInt16(String(String.UnicodeScalarView(digits)), radix: 16)
                else { return nil }
                units.append(unit)
                rest = rest.dropFirst(4)
            default: append(next, to: &units)
            }
        }
        return String(decoding: units, as: UTF16.self)
    }

    private static func append(_ scalar: UInt32, to units: inout [UInt16]) {
        units += Array(String(Character(Unicode.Scalar(scalar) ?? "\u{fffd}")).utf16)
    }
}
