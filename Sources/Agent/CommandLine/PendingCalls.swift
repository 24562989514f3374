internal import AvroRPC
internal import Events
internal import NIOCore
internal import Synchronization

/// One call at a time over a client connection, awaited.
final class PendingCalls: Sendable {
    private struct State {
        var nextNumber: UInt64 = 0
        var waiting: EventLoopPromise<Void>?
        var ended: RPCError?
    }

    private let state = Mutex(State())

    func handle(_ event: RPCClientEvent) {
        switch event {
        case .settled(_, let result):
            let promise = state.withLock { state in
                defer { state.waiting = nil }
                return state.waiting
            }
            switch result {
            case .success: promise?.succeed()
            case .failure(let error): promise?.fail(error)
            }
        case .closed(let error):
            state.withLock { $0.ended = error }
        case .pong, .stray:
            break
        }
    }

    /// Sends one batch and waits for its answer.
    func send(_ batch: EventBatch, over handler: NIOLoopBound<RPCClientHandler>, on loop: any EventLoop) async throws {
        let promise = loop.makePromise(of: Void.self)
        loop.execute {
            let number = self.state.withLock { state -> UInt64? in
                if let ended = state.ended {
                    promise.fail(ended)
                    return nil
                }
                state.waiting = promise
                defer { state.nextNumber += 1 }
                return state.nextNumber
            }
            if let number { handler.value.send(batch, number: number, deadline: nil) }
        }
        try await promise.futureResult.get()
    }
}
