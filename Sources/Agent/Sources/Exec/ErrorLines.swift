internal import Logging
internal import NIOCore

/// Writes a program's standard error to the log, line by line.
final class ErrorLines: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    /// A longer line is logged in pieces.
    private static let longestLine = 8192

    private let logger: Logger
    private var partial = ByteBuffer()

    init(logger: Logger) {
        self.logger = logger
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        partial.writeBuffer(&bytes)
        while let length = lineLength() {
            log(length)
            partial.moveReaderIndex(forwardBy: min(1, partial.readableBytes))
        }
        while partial.readableBytes > Self.longestLine { log(Self.longestLine) }
        partial.discardReadBytes()
    }

    func channelInactive(context: ChannelHandlerContext) {
        if partial.readableBytes > 0 { log(partial.readableBytes) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    /// The bytes in front of the first LF that is near enough.
    private func lineLength() -> Int? {
        partial.readableBytesView.prefix(Self.longestLine + 1).firstIndex(of: 0x0A).map { $0 - partial.readerIndex }
    }

    private func log(_ length: Int) {
        var line = partial.readString(length: length) ?? ""
        if line.hasSuffix("\r") { line.removeLast() }
        logger.info("standard error", metadata: ["line": "\(line)"])
    }
}
