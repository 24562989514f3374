internal import NIOCore
internal import Secure

/// What a client's connection has below its frames: the client is told, the server finds out.
struct ClientLayers {
    var tls: TLSContext?
    var compression: RPCCompression?
    /// Whom the certificate is checked for.
    var host: String

    /// Makes the pipeline of a new connection, up to but without its last handler.
    ///
    /// - Parameter failed: called once at most, on the event loop; whoever owns the connection closes it then. TLS tells
    ///   its failures as errors in the pipeline.
    func add(
        to pipeline: ChannelPipeline.SynchronousOperations,
        failed: @escaping (RPCRejection) -> Void
    ) throws {
        if compression?.order == .outsideTLS { try addCompression(to: pipeline, failed) }
        if let tls { try pipeline.addHandler(TLSHandler(context: tls, role: .client(serverName: host))) }
        if compression?.order == .insideTLS { try addCompression(to: pipeline, failed) }
    }

    private func addCompression(
        to pipeline: ChannelPipeline.SynchronousOperations,
        _ failed: @escaping (RPCRejection) -> Void
    ) throws {
        guard let compression else { return }
        try pipeline.addHandler(InflateHandler(limit: RPCLimits().inflatedBytes, failed: failed))
        try pipeline.addHandler(DeflateHandler(level: compression.level, memoryLevel: 8, failed: failed))
    }

    /// The error of a connection that ended before its handshake was answered, with what to look at.
    func advised(_ error: any Error) -> any Error {
        guard let error = error as? RPCError, error.code == .connectionClosed || error.code == .tls, let advice else {
            return error
        }
        return RPCError(error.code, "\(error.message); \(advice)")
    }

    /// What to look at where a peer ends the connection instead of answering the handshake.
    private var advice: String? {
        guard let compression else { return nil }
        guard tls != nil else {
            return "this end compresses: is `compression-type = deflate` set at the peer?"
        }
        return "this end compresses \(compression.order == .outsideTLS ? "outside" : "inside") TLS:"
            + " is `compression-type = deflate` set at the peer, and `compression-order` right"
            + " (`outside-tls` to Flume 1.10 and 1.11, `inside-tls` up to 1.9)?"
    }
}
