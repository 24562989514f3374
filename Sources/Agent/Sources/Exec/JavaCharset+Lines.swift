internal import Events
internal import NIOCore

/// Lines as the exec source takes them, which is as Java does: decoded, then encoded in the same charset.
///
/// In UTF-8 invalid sequences become U+FFFD; in ISO-8859-1 every byte is a character, so that bodies are the bytes; in ASCII
/// a byte above 0x7F becomes U+FFFD, which ASCII writes as `?`.
extension JavaCharset {
    /// Adds one line as an event. Bytes that are valid, as nearly all are, are copied as they stand.
    @inline(__always)
    func append(_ line: UnsafeRawBufferPointer, to batch: inout EventBatchBuilder) {
        switch self {
        case .utf8:
            if unsafe Self.isUTF8(line) {
                unsafe batch.append(body: line)
            } else {
                unsafe batch.append(body: Self.repairedUTF8(line))
            }
        case .latin1:
            unsafe batch.append(body: line)
        case .ascii:
            if unsafe line.allSatisfy({ $0 < 0x80 }) {
                unsafe batch.append(body: line)
            } else {
                unsafe batch.append(body: ByteBuffer(bytes: line.map { $0 < 0x80 ? $0 : 0x3F }))
            }
        }
    }

    private static func isUTF8(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard unsafe !bytes.isEmpty else { return true }
        return unsafe bytes.withMemoryRebound(to: UInt8.self) { bytes in
            unsafe (try? UTF8Span(validating: Span(_unsafeElements: bytes))) != nil
        }
    }

    /// The bytes with U+FFFD for each malformed sequence, of the lengths that Java's decoder gives them (`sun.nio.cs.UTF_8`):
    /// the longest start of a well-formed sequence is one; a whole or cut surrogate is one too.
    private static func repairedUTF8(_ bytes: UnsafeRawBufferPointer) -> ByteBuffer {
        var output = ByteBuffer()
        output.reserveCapacity(bytes.count + 16)
        var at = 0
        while at < bytes.count {
            let (length, isValid) = unsafe sequence(bytes, at)
            if isValid {
                unsafe output.writeBytes(UnsafeRawBufferPointer(rebasing: bytes[at..<(at + length)]))
            } else {
                output.writeBytes([0xEF, 0xBF, 0xBD])
            }
            at += length
        }
        return output
    }

    /// The length of the sequence that starts at an offset, and whether it is well-formed.
    private static func sequence(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> (length: Int, isValid: Bool) {
        func continues(_ offset: Int, _ range: ClosedRange<UInt8> = 0x80...0xBF) -> Bool {
            unsafe at + offset < bytes.count && range.contains(bytes[at + offset])
        }
        let second: ClosedRange<UInt8>
        let length: Int
        let first = unsafe bytes[at]
        switch first {
        case ..<0x80: return (1, true)
        case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        // 0xED with all continuations: surrogates are read whole, then found bad.
        case 0xE1...0xEF: (length, second) = (3, 0x80...0xBF)
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: return (1, false)
        }
        guard continues(1, second) else { return (1, false) }
        for offset in 2..<max(length, 2) where !continues(offset) { return (offset, false) }
        let isSurrogate = unsafe first == 0xED && bytes[at + 1] >= 0xA0
        return (length, !isSurrogate)
    }
}
