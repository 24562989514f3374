internal import NIOCore
internal import NIOHTTP1

/// Sends one GET and gives its answer to a promise, which others may complete first.
final class HealthProbeHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    struct Response: Sendable {
        var status: HTTPResponseStatus
        var body: [UInt8]
    }

    /// More of a body is not kept; ours are far smaller.
    private static let largestBody = 64 * 1024

    private let host: String
    private let path: String
    private let answer: EventLoopPromise<Response>
    private var response: Response?

    init(host: String, path: String, answer: EventLoopPromise<Response>) {
        self.host = host
        self.path = path
        self.answer = answer
    }

    func channelActive(context: ChannelHandlerContext) {
        let host = self.host.contains(":") ? "[\(self.host)]" : self.host
        let head = HTTPRequestHead(
            version: .http1_1,
            method: .GET,
            uri: path,
            headers: ["Host": host, "Connection": "close"]
        )
        context.write(Self.wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: nil)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch Self.unwrapInboundIn(data) {
        case .head(let head): response = Response(status: head.status, body: [])
        case .body(let bytes):
            let room = Self.largestBody - (response?.body.count ?? 0)
            response?.body += bytes.readableBytesView.prefix(room)
        case .end:
            if let response { answer.succeed(response) }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let isForeign = error is HTTPParserError
        answer.fail(isForeign ? ProbeError("what answers does not speak HTTP") : error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        answer.fail(ProbeError("the connection was closed without an answer"))
        context.fireChannelInactive()
    }
}
