import Events
import NIOCore

@testable import AvroRPC

/// Our server's side of one connection: every frame gets one answer in the protocol's form, the same wherever the frame
/// was cut.
enum ServerSubject {
    /// What came of one frame.
    private enum Outcome: Equatable {
        case reply([UInt8])
        case served(PlainCall, answers: [[UInt8]])
        case rejected(RPCBreach, reply: [UInt8])
        case closed(RPCBreach)
    }

    private struct PlainCall: Equatable {
        var isSingle: Bool
        var events: [UInt8]
        var count: Int
        var timeLeft: TimeAmount?
        var isFromNamedPeer: Bool
    }

    private static let description = PeerDescription(
        process: Array(repeating: 7, count: 16),
        acknowledge: "stored",
        calls: 8,
        bytes: 1 << 20
    )

    /// Small, so that short inputs reach them.
    private static let tight: EventLimits = {
        var limits = EventLimits()
        limits.events = 8
        limits.headers = 4
        limits.headerBytes = 128
        limits.bodyBytes = 128
        return limits
    }()

    static func check(_ messages: [PlainStream.Message], isEncrypted: Bool) throws {
        func machine() -> RPCServerMachine {
            RPCServerMachine(
                description: description,
                remembered: ProtocolMemory(),
                isEncrypted: isEncrypted,
                limits: tight
            )
        }
        var machines = [machine(), machine(), machine()]
        var isEstablished = false
        for message in messages {
            let frames = cuts(message)
            let outcome = try receive(frames[0], by: &machines[0])
            for index in 1..<machines.count {
                let other = try receive(frames[index], by: &machines[index])
                try require(other == outcome, "\(outcome), and \(other) when the frame is cut elsewhere")
            }
            switch outcome {
            case .reply(let bytes):
                isEstablished = try check(bytes, to: message.serial, isEstablished: isEstablished)
            case .served(let call, let answers):
                try require(call.count > 0 || call.events.isEmpty, "a batch of no events has bytes")
                var after = isEstablished
                for bytes in answers { after = try check(bytes, to: message.serial, isEstablished: isEstablished) }
                try require(after, "a call is served before the handshake is done")
                isEstablished = after
            case .rejected(let breach, let bytes):
                let after = try check(bytes, to: message.serial, isEstablished: isEstablished)
                try require((breach == .handshake) == !after, "\(breach), and the handshake is done: \(after)")
                isEstablished = after
                if !breach.leavesConnection { return }
            case .closed(let breach):
                try require(breach == .checksum && !isEncrypted, "closed for \(breach)")
                return
            }
        }
    }

    /// The same message in one buffer, in two, and in two others.
    private static func cuts(_ message: PlainStream.Message) -> [Frame] {
        var generator = Pieces.generator(message.bytes)
        let places =
            [message.bytes.count] + (0..<2).map { _ in Int.random(in: 0...message.bytes.count, using: &generator) }
        return places.map { place in
            let first = message.bytes[..<place]
            let rest = message.bytes[place...]
            // As the decoder gives them: an empty buffer is left out.
            if first.isEmpty { return Frame(serial: message.serial, first: ByteBuffer(bytes: rest)) }
            var frame = Frame(serial: message.serial, first: ByteBuffer(bytes: first))
            if !rest.isEmpty { frame.rest = ByteBuffer(bytes: rest) }
            return frame
        }
    }

    private static func receive(_ frame: Frame, by machine: inout RPCServerMachine) throws -> Outcome {
        switch machine.receive(frame) {
        case .reply(let bytes):
            return .reply(Array(bytes.readableBytesView))
        case .reject(let rejection, let bytes):
            return .rejected(rejection.breach, reply: Array(bytes.readableBytesView))
        case .close(let rejection):
            return .closed(rejection.breach)
        case .serve(let call, let token):
            let answers = [.ok, .failed, .error("why")].map { (answer: RPCAnswer) in
                Array(machine.answer(answer, to: token).readableBytesView)
            }
            let plain = PlainCall(
                isSingle: call.message == .append,
                events: Array(call.batch.bytes.readableBytesView),
                count: call.batch.count,
                timeLeft: call.timeLeft,
                isFromNamedPeer: call.isFromNamedPeer
            )
            try require(plain.count <= tight.events, "\(plain.count) events where \(tight.events) are allowed")
            try require(!plain.isSingle || plain.count == 1, "append of \(plain.count) events")
            try require(plain.isFromNamedPeer || plain.timeLeft == nil, "a stranger's time counts")
            return .served(plain, answers: answers)
        }
    }

    /// One whole frame under the call's serial, with a message in the protocol's form.
    ///
    /// - Returns: whether the handshake is done behind it.
    private static func check(_ reply: [UInt8], to serial: Int32, isEstablished: Bool) throws -> Bool {
        let stream = PlainStream(reply, frameBytes: .max, frameBuffers: 1)
        try require(stream.messages.count == 1 && stream.end == .waiting, "a reply is not one frame: \(reply)")
        try require(stream.messages[0].serial == serial, "a reply to \(serial) carries \(stream.messages[0].serial)")
        try require(12 + stream.messages[0].bytes.count == reply.count, "something follows a reply")
        var reader = PlainReply(stream.messages[0].bytes)
        return try reader.check(isEstablished: isEstablished)
    }
}
