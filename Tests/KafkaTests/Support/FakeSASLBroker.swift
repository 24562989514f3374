import NIOCore
import NIOPosix
import Synchronization
import TestSupport

/// No broker but a peer that speaks just enough of Kafka's protocol to be logged in to with SASL/PLAIN: no broker that can
/// be started here knows SASL. It stores nothing; what it shows is which user and password librdkafka was given, and what
/// becomes of a refusal. Whether records pass is asked of a named cluster (`NamedClusterTests`).
final class FakeSASLBroker: Sendable {
    struct Login: Hashable, Sendable {
        let mechanism: String
        let user: String
        let password: String
    }

    let port: Int
    var bootstrap: String { "127.0.0.1:\(port)" }
    private let channel: any Channel
    private let log: Log

    private final class Log: Sendable {
        let logins = Mutex<[Login]>([])
    }

    var logins: [Login] { log.logins.withLock { $0 } }

    private init(_ channel: any Channel, _ port: Int, _ log: Log) {
        self.channel = channel
        self.port = port
        self.log = log
    }

    /// - Parameter refusal: what it answers to every login; `nil`: it lets everybody in.
    static func start(refusal: String?) async throws -> FakeSASLBroker {
        let log = Log()
        let port = try FreePort.any()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Peer(log, port, refusal))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        return FakeSASLBroker(channel, port, log)
    }

    func stop() async { try? await channel.close() }

    /// One connection. Requests and answers: Kafka's protocol guide.
    private final class Peer: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        /// API keys and the versions of them that are known here.
        private static let versions: [(key: Int16, from: Int16, to: Int16)] = [
            (metadata, 0, 1), (saslHandshake, 0, 1), (apiVersions, 0, 3), (saslAuthenticate, 0, 0),
        ]
        private static let metadata: Int16 = 3
        private static let saslHandshake: Int16 = 17
        private static let apiVersions: Int16 = 18
        private static let saslAuthenticate: Int16 = 36
        private static let authenticationFailed: Int16 = 58

        private let log: Log
        private let port: Int
        private let refusal: String?
        private var received = ByteBuffer()
        private var mechanism = ""

        init(_ log: Log, _ port: Int, _ refusal: String?) {
            self.log = log
            self.port = port
            self.refusal = refusal
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var data = unwrapInboundIn(data)
            received.writeBuffer(&data)
            while let size = received.getInteger(at: received.readerIndex, as: Int32.self),
                received.readableBytes >= 4 + Int(size)
            {
                received.moveReaderIndex(forwardBy: 4)
                guard var request = received.readSlice(length: Int(size)),
                    let key = request.readInteger(as: Int16.self), let version = request.readInteger(as: Int16.self),
                    let number = request.readInteger(as: Int32.self)
                else { return context.close(promise: nil) }
                _ = Self.readString(&request)
                guard let body = answer(key, version, &request) else { return context.close(promise: nil) }
                var reply = ByteBuffer()
                reply.writeInteger(Int32(4 + body.readableBytes))
                reply.writeInteger(number)
                reply.writeImmutableBuffer(body)
                context.writeAndFlush(wrapOutboundOut(reply), promise: nil)
            }
        }

        private func answer(_ key: Int16, _ version: Int16, _ request: inout ByteBuffer) -> ByteBuffer? {
            var body = ByteBuffer()
            switch key {
            case Self.apiVersions:
                // From version 3 on arrays are compact: their count and 1 as a varint; and tags, none here, follow.
                let isFlexible = version >= 3
                body.writeInteger(Int16(0))
                if isFlexible {
                    body.writeInteger(UInt8(Self.versions.count + 1))
                } else {
                    body.writeInteger(Int32(Self.versions.count))
                }
                for (key, from, to) in Self.versions {
                    body.writeMultipleIntegers(key, from, to)
                    if isFlexible { body.writeInteger(UInt8(0)) }
                }
                if version >= 1 { body.writeInteger(Int32(0)) }
                if isFlexible { body.writeInteger(UInt8(0)) }
            case Self.saslHandshake:
                mechanism = Self.readString(&request) ?? ""
                body.writeInteger(Int16(0))
                body.writeInteger(Int32(1))
                Self.write("PLAIN", &body)
            case Self.saslAuthenticate:
                // RFC 4616: nobody, user and password, with NUL between.
                guard let size = request.readInteger(as: Int32.self),
                    let text = request.readString(length: Int(size))
                else { return nil }
                let words = text.split(separator: "\0", omittingEmptySubsequences: false).map(String.init)
                guard words.count == 3 else { return nil }
                log.logins.withLock { $0.append(Login(mechanism: mechanism, user: words[1], password: words[2])) }
                body.writeInteger(refusal == nil ? Int16(0) : Self.authenticationFailed)
                if let refusal { Self.write(refusal, &body) } else { body.writeInteger(Int16(-1)) }
                body.writeInteger(Int32(0))
            case Self.metadata:
                body.writeInteger(Int32(1))
                body.writeInteger(Int32(1))
                Self.write("127.0.0.1", &body)
                body.writeInteger(Int32(port))
                if version >= 1 {
                    // No rack; the controller.
                    body.writeInteger(Int16(-1))
                    body.writeInteger(Int32(1))
                }
                body.writeInteger(Int32(0))
            default: return nil
            }
            return body
        }

        private static func readString(_ buffer: inout ByteBuffer) -> String? {
            guard let size = buffer.readInteger(as: Int16.self), size >= 0 else { return nil }
            return buffer.readString(length: Int(size))
        }

        private static func write(_ text: String, _ buffer: inout ByteBuffer) {
            buffer.writeInteger(Int16(text.utf8.count))
            buffer.writeString(text)
        }
    }
}
