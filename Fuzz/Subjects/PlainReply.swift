import TestSupport

/// A reply of Avro RPC, read as the specification has it ("Handshake", "Call Format").
struct PlainReply {
    private let bytes: [UInt8]
    private var reader: PlainReader

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        reader = PlainReader(bytes)
    }

    /// Throws where the bytes are no reply; tells whether the handshake is done behind it.
    mutating func check(isEstablished: Bool) throws -> Bool {
        do {
            guard !isEstablished else {
                // To a ping on an established connection: nothing at all.
                if !bytes.isEmpty { try call() }
                return true
            }
            guard let match = try? handshake() else {
                // A handshake that could not be read: an error alone.
                reader = PlainReader(bytes)
                try error()
                return false
            }
            // NONE: the call was not done; a ping: there is no more to say.
            if match == 2 {
                try end()
                return false
            }
            if reader.at < bytes.count { try call() }
            return true
        } catch {
            throw Violation("no reply of Avro RPC: \(bytes)")
        }
    }

    private mutating func handshake() throws -> Int64 {
        let match = try reader.long()
        guard (0...2).contains(match) else { throw PlainReader.Malformed() }
        let hasText = try union()
        if hasText { _ = try reader.string() }
        let hasHash = try union()
        if hasHash { _ = try reader.bytes(16) }
        guard hasText == (match != 0), hasHash == hasText else { throw PlainReader.Malformed() }
        if try union() { try map() }
        return match
    }

    private mutating func union() throws -> Bool {
        switch try reader.long() {
        case 0: false
        case 1: true
        default: throw PlainReader.Malformed()
        }
    }

    private mutating func map() throws {
        try reader.blocks { reader in
            _ = try reader.string()
            _ = try reader.string()
        }
    }

    private mutating func call() throws {
        let start = reader
        try map()
        if try reader.byte() == 1 {
            reader = start
            try error()
        } else {
            guard (0...2).contains(try reader.long()) else { throw PlainReader.Malformed() }
            try end()
        }
    }

    private mutating func error() throws {
        try map()
        guard try reader.byte() == 1, try reader.long() == 0 else { throw PlainReader.Malformed() }
        let text = try reader.string()
        guard String(validating: text, as: UTF8.self) != nil else { throw PlainReader.Malformed() }
        try end()
    }

    private func end() throws {
        guard reader.at == bytes.count else { throw PlainReader.Malformed() }
    }
}
