import NIOCore
import NIOEmbedded

@testable import AvroRPC

/// A server's connection without a socket: its pipeline with all layers but TLS.
struct EmbeddedServer {
    let channel = EmbeddedChannel()
    let handler: RPCServerHandler
    let service: RecordingService

    init(
        deflate: Bool = true,
        limits: RPCLimits = RPCLimits(),
        rule: @escaping @Sendable (Int, RPCCall) -> RPCAnswer? = { _, _ in .ok }
    ) throws {
        service = RecordingService(calls: limits.calls, bytes: limits.callBytes, rule: rule)
        handler = RPCServerHandler(
            service: service,
            remembered: ProtocolMemory(),
            limits: limits,
            isEncrypted: false
        )
        try ServerLayers(acceptsCompression: deflate).add(
            to: channel.pipeline.syncOperations,
            limits: limits,
            failed: handler.layerFailed
        )
        try channel.pipeline.syncOperations.addHandler(handler)
        channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
    }

    /// One read from the socket; autoRead then asks for the next.
    func receive(_ bytes: some Sequence<UInt8>) {
        channel.pipeline.fireChannelRead(ByteBuffer(bytes: bytes))
        channel.pipeline.fireChannelReadComplete()
        channel.read()
    }

    /// What was sent since the last look.
    func sent() throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) { bytes += buffer.allBytes }
        return bytes
    }

    func finish() { _ = try? channel.finish(acceptAlreadyClosed: true) }
}
