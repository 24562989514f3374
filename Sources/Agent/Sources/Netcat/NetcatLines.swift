internal import Events
internal import NIOCore

/// One netcat connection's bytes as lines: gathers those that are complete, until the client breaks a rule.
///
/// No I/O. Lines in front of a fault are kept; what follows it is not looked at.
struct NetcatLines {
    /// Why a connection must be closed.
    enum Fault: Hashable, Sendable {
        /// No newline among as many characters as a line may have.
        case tooLong
        /// A byte that the encoding does not have.
        case undecodable
    }

    private let encoding: JavaCharset
    private let limit: Int
    private var decoder: NetcatDecoder
    private var partial = ByteBuffer()
    private var characters = 0
    private var batch = EventBatchBuilder()
    private(set) var fault: Fault?

    /// - Parameter limit: characters of a line, its newline included.
    init(encoding: JavaCharset, limit: Int) {
        self.encoding = encoding
        self.limit = limit
        decoder = NetcatDecoder(encoding)
    }

    mutating func receive(_ bytes: ByteBuffer) {
        guard fault == nil else { return }
        unsafe bytes.withUnsafeReadableBytes { raw in unsafe scan(raw) }
    }

    /// The complete lines since the last call.
    mutating func take() -> EventBatch { batch.finish() }

    private mutating func scan(_ bytes: UnsafeRawBufferPointer) {
        var start = 0
        for index in 0..<bytes.count {
            let byte = unsafe bytes[index]
            guard let count = decoder.take(byte) else {
                fault = .undecodable
                return
            }
            if byte == 0x0A {
                unsafe finish(UnsafeRawBufferPointer(rebasing: bytes[start..<index]))
                start = index + 1
                continue
            }
            characters += count
            if characters >= limit {
                fault = .tooLong
                return
            }
        }
        unsafe partial.writeBytes(UnsafeRawBufferPointer(rebasing: bytes[start...]))
    }

    private mutating func finish(_ piece: UnsafeRawBufferPointer) {
        characters = 0
        if partial.readableBytes == 0, encoding != .latin1 {
            unsafe batch.append(body: piece)
            return
        }
        unsafe partial.writeBytes(piece)
        batch.append(body: encoding == .latin1 ? Self.latin1AsUTF8(partial) : partial)
        partial.clear()
    }

    private static func latin1AsUTF8(_ bytes: ByteBuffer) -> ByteBuffer {
        var output = ByteBuffer()
        output.reserveCapacity(bytes.readableBytes + 16)
        for byte in bytes.readableBytesView {
            if byte < 0x80 {
                output.writeInteger(byte)
            } else {
                output.writeInteger(0xC0 | byte >> 6)
                output.writeInteger(0x80 | byte & 0x3F)
            }
        }
        return output
    }
}
