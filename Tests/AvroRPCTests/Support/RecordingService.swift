import AvroRPC
import NIOCore
import Synchronization

/// A service that writes down what it is asked and answers by a rule; a call without an answer is held.
final class RecordingService: RPCService {
    struct Log: Sendable {
        var calls: [RPCCall] = []
        var rejections: [RPCRejection] = []
        /// Those that ended their connection.
        var failures: [RPCError] { rejections.filter { !$0.breach.leavesConnection }.map(\.error) }
        var connections = 0
        var abandoned: [Int] = []
    }

    private struct Handle: RPCCallHandle {
        let index: Int
        let log: Watched<Log>
        func abandon() { log.change { $0.abandoned.append(index) } }
    }

    let description: PeerDescription
    let log = Watched(Log())
    private let rule: @Sendable (Int, RPCCall) -> RPCAnswer?
    private let held = Mutex<[Int: @Sendable (RPCAnswer) -> Void]>([:])

    /// - Parameter rule: the answer to the call of that index; `nil` holds it until `release`.
    init(
        calls: Int = 8,
        bytes: Int = 64 << 20,
        rule: @escaping @Sendable (Int, RPCCall) -> RPCAnswer? = { _, _ in .ok }
    ) {
        description = PeerDescription(
            process: Array(repeating: 7, count: 16),
            acknowledge: "delivered",
            calls: calls,
            bytes: bytes
        )
        self.rule = rule
    }

    func serve(
        _ call: RPCCall,
        on eventLoop: any EventLoop,
        answer: @escaping @Sendable (RPCAnswer) -> Void
    ) -> (any RPCCallHandle)? {
        let index = Mutex(0)
        log.change { log in
            index.withLock { $0 = log.calls.count }
            log.calls.append(call)
        }
        let number = index.withLock { $0 }
        if let ready = rule(number, call) {
            answer(ready)
        } else {
            held.withLock { $0[number] = answer }
        }
        return Handle(index: number, log: log)
    }

    /// Answers a held call, from the thread of the test.
    func release(_ index: Int, _ answer: RPCAnswer = .ok) {
        held.withLock { $0.removeValue(forKey: index) }?(answer)
    }

    func connectionsChanged(by change: Int) { log.change { $0.connections += change } }
    func rejected(_ rejection: RPCRejection, peer: String) { log.change { $0.rejections.append(rejection) } }
}
