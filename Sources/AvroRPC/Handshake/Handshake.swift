internal import Events
internal import NIOCore

/// `org.apache.avro.ipc.HandshakeRequest` (Avro specification, "Handshake").
struct HandshakeRequest: Hashable {
    var clientHash: [UInt8]
    var clientProtocol: String?
    var serverHash: [UInt8]
    /// Java sends an empty map, never null.
    var meta: [String: [UInt8]]?

    static func read(_ reader: inout MessageReader) throws(AvroError) -> HandshakeRequest {
        let clientHash = try reader.fixed(16)
        let hasProtocol = try reader.isPresent()
        let clientProtocol = hasProtocol ? try reader.string() : nil
        let serverHash = try reader.fixed(16)
        let hasMeta = try reader.isPresent()
        let meta = hasMeta ? try reader.map() : nil
        return HandshakeRequest(
            clientHash: clientHash,
            clientProtocol: clientProtocol,
            serverHash: serverHash,
            meta: meta
        )
    }

    func write(to output: inout ByteBuffer) {
        output.writeBytes(clientHash)
        output.writeAvroOptional(clientProtocol) { $0.writeAvroString($1) }
        output.writeBytes(serverHash)
        output.writeAvroOptional(meta) { $0.writeAvroMap($1) }
    }
}

/// `org.apache.avro.ipc.HandshakeResponse`.
struct HandshakeResponse: Hashable {
    /// `HandshakeMatch`, in the order of its symbols.
    enum Match: Int64 {
        /// Both hashes are known: the call is done.
        case both = 0
        /// The client's is known: the call is done, and the server tells its own.
        case client = 1
        /// The client's is not known: the call is not done.
        case none = 2
    }

    var match: Match
    var serverProtocol: String?
    var serverHash: [UInt8]?
    var meta: [String: [UInt8]]?

    static func read(_ reader: inout MessageReader) throws(AvroError) -> HandshakeResponse {
        let at = reader.position
        guard let match = Match(rawValue: try reader.long()) else { throw AvroError(.notInSchema, offset: at) }
        let hasProtocol = try reader.isPresent()
        let serverProtocol = hasProtocol ? try reader.string() : nil
        let hasHash = try reader.isPresent()
        let serverHash = hasHash ? try reader.fixed(16) : nil
        let hasMeta = try reader.isPresent()
        let meta = hasMeta ? try reader.map() : nil
        return HandshakeResponse(match: match, serverProtocol: serverProtocol, serverHash: serverHash, meta: meta)
    }

    func write(to output: inout ByteBuffer) {
        output.writeAvroLong(match.rawValue)
        output.writeAvroOptional(serverProtocol) { $0.writeAvroString($1) }
        output.writeAvroOptional(serverHash) { $0.writeBytes($1) }
        output.writeAvroOptional(meta) { $0.writeAvroMap($1) }
    }
}

extension ByteBuffer {
    /// Writes a union of null and something else, in that order.
    fileprivate mutating func writeAvroOptional<Value>(_ value: Value?, _ write: (inout ByteBuffer, Value) -> Void) {
        writeAvroLong(value == nil ? 0 : 1)
        if let value { write(&self, value) }
    }

    /// Writes a map of bytes, in the order of its keys.
    mutating func writeAvroMap(_ map: [String: [UInt8]]) {
        if !map.isEmpty { writeAvroLong(Int64(map.count)) }
        for (key, value) in map.sorted(by: { $0.key < $1.key }) {
            writeAvroString(key)
            writeAvroLong(Int64(value.count))
            writeBytes(value)
        }
        writeAvroLong(0)
    }
}
