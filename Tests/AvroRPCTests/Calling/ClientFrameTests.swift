import Events
import NIOCore
import Testing

@testable import AvroRPC

/// The bytes of our calls, read as Java reads them.
@Suite struct ClientFrameTests {
    private struct Call {
        var serial: Int32
        var meta: [String: [UInt8]]
        var events: [PlainEvent]
    }

    /// Two buffers: meta and name; one block of events.
    private func parse(_ frame: PlainFrame) throws -> Call {
        try #require(frame.buffers.count == 2)
        var head = PlainReader(frame.buffers[0])
        let read = head.map()
        let meta = try #require(read)
        #expect(head.string() == Array("appendBatch".utf8))
        #expect(head.isAtEnd)
        var payload = PlainReader(frame.buffers[1])
        let inside = payload.events()
        let events = try #require(inside)
        #expect(payload.isAtEnd)
        return Call(serial: frame.serial, meta: meta, events: events)
    }

    private func batch(_ count: Int) -> EventBatch {
        var builder = EventBatchBuilder()
        for index in 0..<count {
            builder.append(headers: ["n": "\(index)"], body: ByteBuffer(string: String(repeating: "b", count: index)))
        }
        return builder.finish()
    }

    private func events(_ count: Int) -> [PlainEvent] {
        (0..<count).map { PlainEvent(headers: ["n": "\($0)"], body: String(repeating: "b", count: $0)) }
    }

    @Test(arguments: [0, 1, 2, 63, 64, 100, 300])
    func toAnUnnamedPeer(count: Int) throws {
        var client = ClientMachineTests.Client(named: nil)
        let call = try parse(client.send(1, batch(count)))
        #expect(call.serial == 2)
        #expect(call.meta == [:])
        #expect(call.events == events(count))
    }

    @Test(arguments: [0, 1, 64, 300], [false, true])
    func toANamedPeer(count: Int, isEncrypted: Bool) throws {
        var client = ClientMachineTests.Client(named: ClientMachineTests.naming(), isEncrypted: isEncrypted)
        let frame = client.send(1, batch(count))
        let call = try parse(frame)
        #expect(call.events == events(count))
        #expect(call.meta["tributary.left"] == [0, 0, 0xea, 0x60])
        guard !isEncrypted else {
            #expect(call.meta.count == 1)
            return
        }
        #expect(call.meta.count == 2)
        var reader = PlainReader(frame.joined)
        _ = reader.map()
        #expect(call.meta["tributary.crc32c"] == PlainFrame.word(Int32(bitPattern: plainChecksum(reader.rest))))
    }

    @Test func slicesAreSentAsTheyStand() throws {
        var client = ClientMachineTests.Client(named: nil)
        #expect(try parse(client.send(1, batch(20).slice(5..<9))).events == Array(events(20)[5..<9]))
    }

    /// What we send, our server takes: with the checksum read on its side.
    @Test(arguments: [0, 1, 300])
    func ourServerReadsIt(count: Int) {
        var client = ClientMachineTests.Client(named: ClientMachineTests.naming())
        var server = MachineConnection()
        server.receive(PlainFrame(1, Plain.handshake(meta: Plain.naming) + Plain.ping))
        let frame = client.send(1, batch(count))
        #expect(server.receive(frame) == [PlainFrame(frame.serial, Plain.ok)])
        #expect(server.calls.first?.batch.events == batch(count).events)
        #expect(server.calls.first?.timeLeft == .seconds(60))
    }
}
