/// One value of a component: trimmed, with its place.
package struct Setting: Sendable, Hashable {
    package var value: String
    package var keyLocation: SourceLocation
    /// Where the value starts.
    package var location: SourceLocation
    /// Whether a place in the value is that place in the file.
    package var isVerbatim: Bool

    package init(value: String, keyLocation: SourceLocation, location: SourceLocation, isVerbatim: Bool = false) {
        self.value = value
        self.keyLocation = keyLocation
        self.location = location
        self.isVerbatim = isVerbatim
    }

    /// The words between blanks (Java's `\s+`), each with its place.
    var words: [(text: String, location: SourceLocation)] {
        words { Self.isSpace($0) }
    }

    /// The words between blanks or other separators, each with its place; empty words are left out.
    func words(_ isSeparator: (UInt8) -> Bool) -> [(text: String, location: SourceLocation)] {
        var words: [(text: String, location: SourceLocation)] = []
        let text = Array(value.utf8)
        var start: Int?
        var characters = 0
        var startCharacters = 0
        for index in 0...text.count {
            if index == text.count || isSeparator(text[index]) {
                if let first = start {
                    let place = isVerbatim ? location.moved(by: startCharacters) : location
                    words.append((String(decoding: text[first..<index], as: UTF8.self), place))
                }
                start = nil
            } else if start == nil {
                start = index
                startCharacters = characters
            }
            // A continuation byte of UTF-8 starts no character.
            if index < text.count, text[index] & 0xC0 != 0x80 { characters += 1 }
        }
        return words
    }

    /// White space of Java's regular expressions.
    static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || (0x09...0x0D).contains(byte)
    }

    /// The text without characters up to U+0020 at both ends, as java.lang.String.trim.
    static func trimmed(_ text: String) -> String {
        let bytes = text.utf8
        guard let first = bytes.firstIndex(where: { $0 > 0x20 }), let last = bytes.lastIndex(where: { $0 > 0x20 })
        else {
            return ""
        }
        if first == bytes.startIndex, bytes.index(after: last) == bytes.endIndex { return text }
        return String(decoding: bytes[first...last], as: UTF8.self)
    }
}
