import AvroRPC
import Journal
import NIOCore

/// Takes everything on an event loop and says that it is delivered, as a null sink does.
final class BenchTaker: Sendable {
    private let queue: JournalBench.Queue
    private let loop: any EventLoop

    init(_ queue: JournalBench.Queue, on loop: any EventLoop) {
        self.queue = queue
        self.loop = loop
    }

    func start() {
        loop.execute { self.take() }
    }

    private func take() {
        let waker = JournalWaker { LoopHandover.run(on: self.loop) { self.take() } }
        while let take = queue.take(upTo: 1_000, waking: waker) {
            queue.finish(take.ticket, .delivered)
        }
    }
}
