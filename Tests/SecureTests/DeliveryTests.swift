import NIOCore
import NIOEmbedded
import Secure
import Testing

/// Two handlers whose ciphertext a test carries by hand.
private struct Pair {
    let client = EmbeddedChannel()
    let server = EmbeddedChannel()
    let clientLog = Recorder()
    let serverLog = Recorder()

    init(limits: TLSLimits = TLSLimits()) throws {
        let role = TLSRole.client(serverName: "localhost")
        try self.client.pipeline.syncOperations.addHandlers([
            TLSHandler(context: try Contexts.client(limits: limits), role: role), self.clientLog,
        ])
        try self.server.pipeline.syncOperations.addHandlers([
            TLSHandler(context: try Contexts.server(), role: .server), self.serverLog,
        ])
        let address = try SocketAddress(ipAddress: "127.0.0.1", port: 1)
        self.client.connect(to: address, promise: nil)
        self.server.connect(to: address, promise: nil)
    }

    /// Carries ciphertext both ways in pieces of `size` bytes until nothing moves. Returns the number of writes moved.
    @discardableResult
    func carry(pieces size: Int = .max) throws -> Int {
        var moved = 0
        while true {
            let before = moved
            for (from, to) in [(self.client, self.server), (self.server, self.client)] {
                while var bytes = try from.readOutbound(as: ByteBuffer.self) {
                    moved += 1
                    while bytes.readableBytes > 0 {
                        let piece = bytes.readSlice(length: min(size, bytes.readableBytes)) ?? ByteBuffer()
                        to.pipeline.fireChannelRead(piece)
                        to.pipeline.fireChannelReadComplete()
                    }
                }
            }
            if moved == before { return moved }
        }
    }

    func finish() {
        _ = try? self.client.finish()
        _ = try? self.server.finish()
    }
}

@Suite struct DeliveryTests {
    @Test(arguments: ["TLSv1.2", "TLSv1.3"], [1, 2, 5, 17, 1_000, 40_000])
    func piecesOfAnySizeGiveTheSamePlaintext(version: String, size: Int) throws {
        let pair = try Pair(limits: TLSLimits(includeProtocols: [version]))
        defer { pair.finish() }
        try pair.carry(pieces: size)
        let sent = pattern(60_000)
        pair.client.writeAndFlush(sent, promise: nil)
        pair.server.writeAndFlush(pattern(100), promise: nil)
        try pair.carry(pieces: size)
        #expect(pair.serverLog.log.received == sent)
        #expect(pair.clientLog.log.received == pattern(100))
        #expect(pair.serverLog.log.handshake?.protocolName == version)
        #expect(pair.clientLog.log.lines + pair.serverLog.log.lines == [])
    }

    @Test func oneReadGivesOneRead() throws {
        let pair = try Pair()
        defer { pair.finish() }
        try pair.carry()
        pair.client.writeAndFlush(pattern(700_000), promise: nil)
        try pair.carry()
        #expect(pair.serverLog.log.reads == 1)
        #expect(pair.serverLog.log.received == pattern(700_000))
    }

    @Test func aReadHoldsAboutAMebibyteAtMost() throws {
        let pair = try Pair()
        defer { pair.finish() }
        try pair.carry()
        pair.client.writeAndFlush(pattern(5 << 20), promise: nil)
        try pair.carry()
        #expect(pair.serverLog.log.reads == 5)
        #expect(pair.serverLog.log.received == pattern(5 << 20))
    }

    @Test func oneFlushGivesOneWriteAndFewRecords() throws {
        let pair = try Pair()
        defer { pair.finish() }
        try pair.carry()
        for _ in 0..<100 { pair.client.write(ByteBuffer(repeating: 7, count: 100), promise: nil) }
        pair.client.flush()
        let bytes = try #require(try pair.client.readOutbound(as: ByteBuffer.self))
        #expect(try pair.client.readOutbound(as: ByteBuffer.self) == nil)
        // 10,000 bytes in one TLSv1.3 record: header 5, type 1, tag 16.
        #expect(bytes.readableBytes == 10_022)
    }

    @Test func unflushedWritesStay() throws {
        let pair = try Pair()
        defer { pair.finish() }
        try pair.carry()
        pair.client.write(pattern(10), promise: nil)
        pair.client.flush()
        pair.client.write(pattern(20), promise: nil)
        try pair.carry()
        #expect(pair.serverLog.log.received == pattern(10))
    }

    @Test func promisesOfAFlushAllSucceed() throws {
        let pair = try Pair()
        defer { pair.finish() }
        let early = pair.client.write(pattern(30))
        pair.client.flush()
        try pair.carry()
        try early.wait()
        let futures = [0, 1, 20_000, 3, 40_000].map { pair.client.write(pattern($0)) }
        pair.client.flush()
        for future in futures { try future.wait() }
    }

    @Test func damagedCiphertextIsOneErrorAndTheEnd() throws {
        let pair = try Pair()
        defer { pair.finish() }
        try pair.carry()
        pair.client.writeAndFlush(pattern(100), promise: nil)
        var bytes = try #require(try pair.client.readOutbound(as: ByteBuffer.self))
        let last = bytes.writerIndex - 1
        bytes.setInteger((bytes.getInteger(at: last, as: UInt8.self) ?? 0) ^ 1, at: last)
        pair.server.pipeline.fireChannelRead(bytes)
        let log = pair.serverLog.log
        #expect(log.tlsErrors.map(\.code) == [.protocolViolation], "\(log.lines)")
        #expect(log.lines.first?.contains("failed: the peer's bytes break the protocol: decryption failed") == true)
        #expect(log.received.readableBytes == 0)
        #expect(!pair.server.isActive)
        // The alert goes out before the close.
        try pair.carry()
        #expect(pair.clientLog.log.tlsErrors.map(\.code) == [.peerAlert], "\(pair.clientLog.log.lines)")
    }

    @Test func theTimerEndsWithTheHandshake() throws {
        let pair = try Pair()
        defer { pair.finish() }
        try pair.carry()
        pair.server.embeddedEventLoop.advanceTime(by: .seconds(60))
        #expect(pair.serverLog.log.lines == [])
        #expect(pair.server.isActive)
    }

    @Test func theTimerIsNettys() throws {
        let pair = try Pair()
        defer { pair.finish() }
        pair.server.embeddedEventLoop.advanceTime(by: .milliseconds(9_999))
        #expect(pair.serverLog.log.lines == [])
        pair.server.embeddedEventLoop.advanceTime(by: .milliseconds(1))
        #expect(pair.serverLog.log.tlsErrors.map(\.code) == [.handshakeTimeout])
        #expect(!pair.server.isActive)
    }
}
