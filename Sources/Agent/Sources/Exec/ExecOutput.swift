internal import NIOCore

/// Hands what a program writes to the actor that runs it, which asks for each read.
final class ExecOutput: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let program: ExecProgram
    private let run: Int

    /// - Parameter run: which start of the program this is the output of.
    init(program: ExecProgram, run: Int) {
        self.program = program
        self.run = run
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        let run = run
        program.assumeIsolated { $0.received(bytes, of: run) }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        let run = run
        program.assumeIsolated { $0.readCompleted(of: run) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        let run = run
        program.assumeIsolated { $0.outputEnded(of: run) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
