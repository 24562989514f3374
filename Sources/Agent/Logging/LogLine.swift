internal import Logging

/// One record as one line, as Flume's log4j pattern `%d{ISO8601} %-5p [%c] - %m` shows it without the dash:
/// `2026-11-24 12:34:56,789 WARN  [component] message key=value …`.
///
/// Whatever a peer put into a message or a value, a record never makes a second line nor moves a terminal's cursor.
enum LogLine {
    /// Longer lines are cut: a record is for people, and one write must stay short.
    static let longest = 64 * 1024

    /// The line with its line feed. `metadata` is written in the order given.
    static func bytes(
        time: CalendarTime,
        level: Logger.Level,
        label: String,
        message: String,
        metadata: [(key: String, value: String)]
    ) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(128 + message.utf8.count)
        append(time, to: &line)
        line += " \(name(of: level)) [\(escaped(label))] \(escaped(message))".utf8
        for (key, value) in metadata { line += " \(escaped(key))=\(quoted(value))".utf8 }
        if line.count > longest { cut(&line) }
        line.append(UInt8(ascii: "\n"))
        return line
    }

    /// log4j's name, padded to five.
    static func name(of level: Logger.Level) -> String {
        switch level {
        case .trace: "TRACE"
        case .debug: "DEBUG"
        case .info, .notice: "INFO "
        case .warning: "WARN "
        case .error: "ERROR"
        case .critical: "FATAL"
        }
    }

    /// `text` with its control characters as `\n`, `\r`, `\t` or `\u{…}`.
    static func escaped(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { append(scalar, to: &result) }
        return String(result)
    }

    /// `value` as it is where it is one plain word; else in quotes, in which `"` and `\` have a backslash in front.
    static func quoted(_ value: String) -> String {
        guard value.isEmpty || value.unicodeScalars.contains(where: needsQuotes) else { return value }
        var result = String.UnicodeScalarView("\"".unicodeScalars)
        for scalar in value.unicodeScalars {
            if scalar == "\"" || scalar == "\\" { result.append("\\") }
            append(scalar, to: &result)
        }
        result.append("\"")
        return String(result)
    }

    private static func append(_ scalar: Unicode.Scalar, to text: inout String.UnicodeScalarView) {
        switch scalar {
        case "\n": text.append(contentsOf: "\\n".unicodeScalars)
        case "\r": text.append(contentsOf: "\\r".unicodeScalars)
        case "\t": text.append(contentsOf: "\\t".unicodeScalars)
        case _ where isControl(scalar):
            text.append(contentsOf: "\\u{\(String(scalar.value, radix: 16))}".unicodeScalars)
        default: text.append(scalar)
        }
    }

    private static func needsQuotes(_ scalar: Unicode.Scalar) -> Bool {
        isControl(scalar) || scalar == "\"" || scalar == "=" || scalar.properties.isWhitespace
    }

    /// What ends a line or commands a terminal: C0, DEL, C1, the line and paragraph separators, and the marks that turn
    /// the direction of text (Unicode Technical Report 36, section 2.10.2).
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case ..<0x20, 0x7F...0x9F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }

    private static func append(_ time: CalendarTime, to line: inout [UInt8]) {
        append(time.year, digits: 4, to: &line)
        line.append(UInt8(ascii: "-"))
        append(time.month, digits: 2, to: &line)
        line.append(UInt8(ascii: "-"))
        append(time.day, digits: 2, to: &line)
        line.append(UInt8(ascii: " "))
        append(time.hour, digits: 2, to: &line)
        line.append(UInt8(ascii: ":"))
        append(time.minute, digits: 2, to: &line)
        line.append(UInt8(ascii: ":"))
        append(time.second, digits: 2, to: &line)
        line.append(UInt8(ascii: ","))
        append(time.millisecond, digits: 3, to: &line)
    }

    private static func append(_ number: Int, digits: Int, to line: inout [UInt8]) {
        let text = String(number)
        line += repeatElement(UInt8(ascii: "0"), count: max(0, digits - text.utf8.count))
        line += text.utf8
    }

    private static func cut(_ line: inout [UInt8]) {
        var end = longest
        // Not inside of a character: a UTF-8 continuation byte is 10xxxxxx.
        while end > 0, line[end] & 0xC0 == 0x80 { end -= 1 }
        let rest = line.count - end
        line.removeSubrange(end...)
        line += " (\(rest) bytes more)".utf8
    }
}
