import AvroRPC
import Journal
import NIOCore
import Synchronization

/// Brings one batch after the other, each when the one before is stored, as a connection of an agent does: on an event
/// loop, to which the queue's answer is handed.
final class BenchClient: Sendable {
    private struct State {
        var since = 0.0
        var latencies: [Double] = []
    }

    private let queue: JournalBench.Queue
    private let loop: any EventLoop
    private let payload: BenchPayload
    private let quota: BenchQuota
    private let state = Mutex(State())
    private let ended: EventLoopPromise<[Double]>

    init(_ queue: JournalBench.Queue, on loop: any EventLoop, _ payload: BenchPayload, _ quota: BenchQuota) {
        self.queue = queue
        self.loop = loop
        self.payload = payload
        self.quota = quota
        ended = loop.makePromise()
    }

    /// How long each batch took, in seconds.
    func run() -> EventLoopFuture<[Double]> {
        loop.execute {
            let start = now()
            self.state.withLock { $0.since = start }
            self.bring(at: start)
        }
        return ended.futureResult
    }

    private func bring(at time: Double) {
        guard quota.takes(payload.bytes.count, at: time) else {
            return ended.succeed(state.withLock { $0.latencies })
        }
        queue.append(payload) { result in
            LoopHandover.run(on: self.loop) { self.stored(result) }
        }
    }

    private func stored(_ result: Result<Void, JournalError>) {
        if case .failure(let error) = result { return ended.fail(error) }
        // One look at the clock ends a batch and begins the next.
        let time = now()
        state.withLock { state in
            state.latencies.append(time - state.since)
            state.since = time
        }
        bring(at: time)
    }
}
