internal import Events

/// An event as Flume's logger sink writes it (`EventHelper.dumpEvent` over the HexDump of Apache Commons IO).
///
/// `{ headers:{k=v} body: 68 65 6C 6C 6F                                  hello }`: rows of 16 bytes as upper-case
/// hexadecimal, padded, then as ASCII with a point for what cannot be printed. The offset in front of the first row is
/// left out; later rows, each on a line of its own, have theirs. Headers stand in the order of the event's bytes (a Java
/// map has an order of its own).
enum EventDump {
    private static let row = 16

    /// - Parameter limit: bytes of the body that are shown.
    static func line(_ event: UnsafeEvent, limit: Int) -> String {
        var text = "{ headers:"
        let body = unsafe event.body(at: appendHeaders(event, to: &text))
        text += " body:"
        unsafe append(UnsafeRawBufferPointer(rebasing: body.prefix(max(0, limit))), to: &text)
        text += " }"
        return text
    }

    /// Writes headers as Java prints a map; returns the offset behind them.
    static func appendHeaders(_ event: UnsafeEvent, to text: inout String) -> Int {
        text += "{"
        var isFirst = true
        let behind = unsafe event.forEachHeader { key, value in
            if !isFirst { text += ", " }
            isFirst = false
            unsafe text += String(decoding: key, as: UTF8.self)
            text += "="
            unsafe text += String(decoding: value, as: UTF8.self)
        }
        text += "}"
        return behind
    }

    private static func append(_ bytes: UnsafeRawBufferPointer, to text: inout String) {
        for start in stride(from: 0, to: bytes.count, by: row) {
            let end = min(start + row, bytes.count)
            if start > 0 {
                let offset = String(start, radix: 16, uppercase: true)
                text += "\n" + String(repeating: "0", count: 8 - offset.count) + offset
            }
            text += " "
            for index in start..<end {
                let byte = unsafe bytes[index]
                text.unicodeScalars.append(digit(byte >> 4))
                text.unicodeScalars.append(digit(byte & 0xF))
                text += " "
            }
            text += String(repeating: "   ", count: row - (end - start))
            for index in start..<end {
                let byte = unsafe bytes[index]
                text.unicodeScalars.append((0x20..<0x7F).contains(byte) ? Unicode.Scalar(byte) : ".")
            }
        }
    }

    private static func digit(_ value: UInt8) -> Unicode.Scalar {
        Unicode.Scalar(value < 10 ? 0x30 + value : 0x37 + value)
    }
}
