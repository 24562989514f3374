import NIOCore
import NIOPosix
import Secure
import TestSupport

/// One connected end on a real socket.
struct End: Sendable {
    let channel: any Channel
    let recorder: Recorder

    func send(_ buffer: ByteBuffer) async throws {
        try await self.channel.writeAndFlush(buffer)
    }

    func close() async {
        try? await self.channel.close()
        _ = await self.recorder.closed()
    }
}

/// What a listening or connecting end is made with.
struct Options: Sendable {
    var echoes = false
    /// Far above what a loaded machine needs, so that only the test of the time-out meets it.
    var timeout = TimeAmount.seconds(120)
    var halfClosure = false
    var autoRead = true
}

/// A listener on 127.0.0.1; with a context it speaks TLS, without one plain text.
struct Listener: Sendable {
    let channel: any Channel
    let accepted: AsyncStream<End>

    var port: Int { self.channel.localAddress?.port ?? 0 }

    static func start(_ context: TLSContext?, _ options: Options = Options()) async throws -> Listener {
        let (accepted, continuation) = AsyncStream.makeStream(of: End.self)
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelOption(.allowRemoteHalfClosure, value: options.halfClosure)
            .childChannelOption(.autoRead, value: options.autoRead)
            .childChannelInitializer { child in
                child.eventLoop.makeCompletedFuture {
                    let recorder = Recorder(echoes: options.echoes)
                    if let context {
                        let tls = TLSHandler(context: context, role: .server, handshakeTimeout: options.timeout)
                        try child.pipeline.syncOperations.addHandler(tls)
                    }
                    try child.pipeline.syncOperations.addHandler(recorder)
                    continuation.yield(End(channel: child, recorder: recorder))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return Listener(channel: channel, accepted: accepted)
    }

    /// The next accepted end.
    func next() async throws -> End {
        for await end in self.accepted { return end }
        throw ChannelError.eof
    }

    func connect(
        _ context: TLSContext?,
        name: String? = "localhost",
        _ options: Options = Options()
    ) async throws -> End {
        let recorder = Recorder(echoes: options.echoes)
        let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .channelOption(.allowRemoteHalfClosure, value: options.halfClosure)
            .channelOption(.autoRead, value: options.autoRead)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let context {
                        let role = TLSRole.client(serverName: name)
                        let tls = TLSHandler(context: context, role: role, handshakeTimeout: options.timeout)
                        try channel.pipeline.syncOperations.addHandler(tls)
                    }
                    try channel.pipeline.syncOperations.addHandler(recorder)
                }
            }
            .connect(host: "127.0.0.1", port: self.port).get()
        return End(channel: channel, recorder: recorder)
    }

    func stop() async { try? await self.channel.close() }
}

extension EventLoopGroup where Self == MultiThreadedEventLoopGroup {
    static var singletonMultiThreadedEventLoopGroup: MultiThreadedEventLoopGroup { .singleton }
}

/// Contexts over the shared set of certificates.
enum Contexts {
    static func store(_ name: String, password: String? = nil) throws -> StoreReference {
        StoreReference(path: try Certificates.shared().path(name), password: password)
    }

    static func server(
        _ keyStore: String = "server.pem",
        trust: String? = nil,
        clients: TLSClientAuthentication = .none,
        limits: TLSLimits = TLSLimits()
    ) throws -> TLSContext {
        try TLSContext(
            server: TLSServerSettings(
                keyStore: self.store(keyStore),
                trustStore: trust.map { try self.store($0) },
                clientAuthentication: clients,
                limits: limits
            )
        )
    }

    static func client(
        trust: String? = "ca.pem",
        key: String? = nil,
        verifyHostname: Bool = true,
        trustAll: Bool = false,
        limits: TLSLimits = TLSLimits()
    ) throws -> TLSContext {
        try TLSContext(
            client: TLSClientSettings(
                trustStore: trust.map { try self.store($0) },
                keyStore: key.map { try self.store($0) },
                verifyHostname: verifyHostname,
                trustAll: trustAll,
                limits: limits
            )
        )
    }
}

/// Bytes that are not all alike, so that a piece lost or out of place shows: blocks of 1 KB, each with its number.
func pattern(_ count: Int) -> ByteBuffer {
    let block = (0..<1_020).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    var buffer = ByteBuffer()
    buffer.reserveCapacity(count + 1_024)
    for number in 0...UInt32(count / 1_024) {
        buffer.writeInteger(number)
        buffer.writeBytes(block)
    }
    return buffer.getSlice(at: 0, length: count) ?? buffer
}
