import Events
import NIOCore

@testable import AvroRPC

/// A connection to the server's machine without a socket: bytes in, frames out, until it is to be closed.
struct MachineConnection {
    private var decoder = FrameDecoder(limits: RPCLimits())
    private var machine: RPCServerMachine
    private let rule: (Int, RPCCall) -> RPCAnswer
    private(set) var replies: [PlainFrame] = []
    private(set) var calls: [RPCCall] = []
    private(set) var closed: RPCError?
    private(set) var rejections: [RPCRejection] = []

    init(
        memory: ProtocolMemory = ProtocolMemory(),
        isEncrypted: Bool = false,
        rule: @escaping (Int, RPCCall) -> RPCAnswer = { _, _ in .ok }
    ) {
        machine = RPCServerMachine(
            description: RecordingService().description,
            remembered: memory,
            isEncrypted: isEncrypted
        )
        self.rule = rule
    }

    var isNamed: Bool { machine.isNamed }

    mutating func receive(_ bytes: [UInt8]) {
        decoder.append(ByteBuffer(bytes: bytes))
        do throws(RPCRejection) {
            while closed == nil, let frame = try decoder.next() {
                switch machine.receive(frame) {
                case .reply(let bytes): replies += PlainFrame.parse(bytes.allBytes).frames
                case .serve(let call, let token):
                    let answer = rule(calls.count, call)
                    calls.append(call)
                    replies += PlainFrame.parse(machine.answer(answer, to: token).allBytes).frames
                case .reject(let rejection, let reply):
                    replies += PlainFrame.parse(reply.allBytes).frames
                    rejections.append(rejection)
                    if !rejection.breach.leavesConnection { closed = rejection.error }
                case .close(let rejection):
                    rejections.append(rejection)
                    closed = rejection.error
                }
            }
        } catch {
            rejections.append(error)
            closed = error.error
        }
    }

    /// Receives one frame and gives the replies that it led to.
    @discardableResult
    mutating func receive(_ frame: PlainFrame) -> [PlainFrame] {
        let before = replies.count
        receive(frame.bytes)
        return Array(replies[before...])
    }
}
