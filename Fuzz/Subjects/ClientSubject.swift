import Events
import NIOCore
import TestSupport

@testable import AvroRPC

/// Our client's side of one connection: every batch has exactly one outcome, and no more is sent than the peer allows.
enum ClientSubject {
    private static let window = 4

    static func check(_ messages: [PlainStream.Message], isEncrypted: Bool) throws {
        var settings = RPCClientSettings()
        settings.window = window
        var machine = RPCClientMachine(settings: settings, isEncrypted: isEncrypted)
        var now = NIODeadline.uptimeNanoseconds(1)
        var next: UInt64 = 0
        var open: [UInt64] = []
        var isOpened = false

        try whole(machine.begin())
        for message in messages {
            now = now + .milliseconds(10)
            let frame = Frame(serial: message.serial, first: ByteBuffer(bytes: message.bytes))
            switch machine.receive(frame, now: now) {
            case .send(let bytes):
                try require(!isOpened, "a second handshake on an open connection")
                try whole(bytes)
            case .opened:
                try require(!isOpened, "opened twice")
                isOpened = true
                try whole(machine.ping(now: now))
            case .settled(let number, _):
                try require(open.contains(number), "call \(number) has an outcome and is not open")
                open.removeAll { $0 == number }
            case .pong:
                try require(isOpened, "an answer to a ping before the handshake is done")
            case .ignored:
                break
            case .close:
                try require(machine.end() == open, "not every open call fails with the connection")
                return
            }
            try require(machine.inFlight == open.count, "\(machine.inFlight) calls in flight, not \(open.count)")
            let batch = EventBatch.numbered([Int(next), 1])
            while machine.hasRoom(for: batch.bytes.readableBytes) {
                try require(isOpened, "room before the handshake is done")
                let (head, tail) = machine.send(next, batch, deadline: nil, now: now)
                var frame = head
                frame.writeImmutableBuffer(batch.bytes)
                frame.writeImmutableBuffer(tail)
                try whole(frame)
                open.append(next)
                next += 1
                try require(open.count <= min(window, machine.peer?.calls ?? window), "\(open.count) calls in flight")
            }
        }
        try require(machine.end() == open, "not every open call fails with the connection")
    }

    private static func whole(_ bytes: ByteBuffer) throws {
        let stream = PlainStream(Array(bytes.readableBytesView), frameBytes: .max, frameBuffers: 2)
        try require(stream.messages.count == 1 && stream.end == .waiting, "what the client sends is not one frame")
    }
}
