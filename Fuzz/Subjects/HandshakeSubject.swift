import NIOCore

@testable import AvroRPC

/// What a peer sends from the first byte on: the same bytes once as a client's to our server, once as a server's to our
/// client.
enum HandshakeSubject {
    static func check(_ bytes: [UInt8]) throws {
        let limits = RPCLimits()
        let stream = PlainStream(bytes, frameBytes: limits.frameBytes, frameBuffers: limits.frameBuffers)
        for message in stream.messages { try formsAreStable(message.bytes) }
        for isEncrypted in [false, true] {
            try ServerSubject.check(stream.messages, isEncrypted: isEncrypted)
            try ClientSubject.check(stream.messages, isEncrypted: isEncrypted)
        }
    }

    /// What was read of a handshake can be written, and reads as the same.
    private static func formsAreStable(_ bytes: [UInt8]) throws {
        var reader = MessageReader(ByteBuffer(bytes: bytes))
        if let request = try? HandshakeRequest.read(&reader) {
            var written = ByteBuffer()
            request.write(to: &written)
            var again = MessageReader(written)
            try require(try HandshakeRequest.read(&again) == request, "a request reads otherwise when written anew")
            try require(again.isAtEnd, "a request is shorter when written anew")
        }
        reader = MessageReader(ByteBuffer(bytes: bytes))
        if let response = try? HandshakeResponse.read(&reader) {
            var written = ByteBuffer()
            response.write(to: &written)
            var again = MessageReader(written)
            try require(try HandshakeResponse.read(&again) == response, "a response reads otherwise when written anew")
            try require(again.isAtEnd, "a response is shorter when written anew")
        }
    }
}
