internal import NIOCore
package import Secure

/// What a server's connections may have below their frames.
package struct ServerLayers: Sendable {
    /// zlib's least: a server's answers are a few bytes each, and a Java source has no more to say.
    private static let memoryLevel: Int32 = 1

    package var tls: (any TLSContextSource)?
    /// Whether compressed connections are taken; in which order is found out. Plain ones are taken as well.
    package var acceptsCompression: Bool

    package init(tls: (any TLSContextSource)? = nil, acceptsCompression: Bool = false) {
        self.tls = tls
        self.acceptsCompression = acceptsCompression
    }

    /// Makes the pipeline of a new connection, up to but without its last handler.
    ///
    /// - Parameter failed: called once at most, on the event loop; whoever owns the connection closes it then. TLS tells
    ///   its failures as errors in the pipeline.
    func add(
        to pipeline: ChannelPipeline.SynchronousOperations,
        limits: RPCLimits,
        failed: @escaping (RPCRejection) -> Void
    ) throws {
        var machine = LayerMachine(
            acceptsCompression: acceptsCompression,
            needsTLS: tls != nil,
            frameBuffers: limits.frameBuffers
        )
        if machine.beginsWithTLS, let tls {
            try pipeline.addHandler(TLSHandler(context: tls.current, role: .server))
            machine.addedTLS()
        }
        try pipeline.addHandler(LayerDetector(self, machine, limits: limits, failed: failed))
    }

    /// Adds a layer that was found, and who looks at what comes out of it.
    func add(
        _ step: LayerMachine.Step,
        behind detector: LayerDetector,
        _ machine: LayerMachine,
        _ pipeline: ChannelPipeline.SynchronousOperations,
        limits: RPCLimits,
        failed: @escaping (RPCRejection) -> Void
    ) throws {
        var handlers: [any ChannelHandler] = []
        switch step {
        case .compression:
            handlers = [
                InflateHandler(limit: limits.inflatedBytes, failed: failed),
                DeflateHandler(
                    level: RPCCompression.defaultLevel,
                    memoryLevel: Self.memoryLevel,
                    failed: failed
                ),
            ]
        case .tls:
            if let tls { handlers = [TLSHandler(context: tls.current, role: .server)] }
        case .frames, .refuse:
            break
        }
        if machine.isLooking { handlers.append(LayerDetector(self, machine, limits: limits, failed: failed)) }
        try pipeline.addHandlers(handlers, position: .after(detector))
    }
}
