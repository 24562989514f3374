internal import NIOCore

/// Looks at the first bytes that come out of the layers so far, adds the next layer behind itself and goes.
final class LayerDetector: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let layers: ServerLayers
    private var machine: LayerMachine
    private let limits: RPCLimits
    private let failed: (RPCRejection) -> Void
    private var bytes = ByteBuffer()
    private var isDone = false
    private var timer: Scheduled<Void>?

    init(
        _ layers: ServerLayers,
        _ machine: LayerMachine,
        limits: RPCLimits,
        failed: @escaping (RPCRejection) -> Void
    ) {
        self.layers = layers
        self.machine = machine
        self.limits = limits
        self.failed = failed
    }

    /// As TLSHandler's own: from here it cannot run yet. Netty's SslHandler allows 10 s.
    private static let patience = TimeAmount.seconds(10)

    func handlerAdded(context: ChannelHandlerContext) {
        guard machine.isTLSDue else { return }
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: Self.patience) {
            self.isDone = true
            self.failed(RPCRejection(.handshakeTime, "the peer did not begin TLS within \(Self.patience)"))
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDone else {
            // Only after a refusal: nothing more is read.
            return
        }
        let piece = unwrapInboundIn(data)
        if bytes.readableBytes == 0 { bytes = piece } else { bytes.writeImmutableBuffer(piece) }
        guard bytes.readableBytes >= StreamStart.length else { return }
        isDone = true
        timer?.cancel()
        let first = Array(bytes.readableBytesView.prefix(StreamStart.length))
        let step = machine.look(first)
        do {
            switch step {
            case .refuse(let failure):
                bytes = ByteBuffer()
                failed(failure)
                return
            case .frames:
                break
            case .compression, .tls:
                try layers.add(
                    step,
                    behind: self,
                    machine,
                    context.pipeline.syncOperations,
                    limits: limits,
                    failed: failed
                )
            }
        } catch {
            failed(RPCRejection(.layers, "the connection cannot be set up: \(error)"))
            return
        }
        let held = bytes
        bytes = ByteBuffer()
        context.fireChannelRead(wrapInboundOut(held))
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }
}
