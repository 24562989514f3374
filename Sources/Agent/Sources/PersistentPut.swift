internal import Events
internal import NIOCore
internal import Synchronization

/// Offers a batch to the channels until they take it: for sources that cannot tell anybody to send again.
///
/// A refusal is counted, and the same batch offered again after 100 ms, doubling up to 1 s. The caller puts one batch at a
/// time, so order holds.
final class PersistentPut: Sendable {
    private static let firstPause = TimeAmount.milliseconds(100)
    private static let longestPause = TimeAmount.seconds(1)

    private let processor: ChannelProcessor
    private let writeFails: Counter
    private let isClosed = Atomic<Bool>(false)

    init(processor: ChannelProcessor, writeFails: Counter) {
        self.processor = processor
        self.writeFails = writeFails
    }

    /// From now on a refusal is final.
    func close() { isClosed.store(true, ordering: .relaxed) }

    /// - Parameter settled: called once, on any thread, from within this call too: whether the channels took the batch.
    func put(_ batch: EventBatch, on eventLoop: any EventLoop, settled: @escaping @Sendable (Bool) -> Void) {
        offer(processor.intercept(batch), on: eventLoop, pause: Self.firstPause, settled)
    }

    private func offer(
        _ batch: EventBatch,
        on eventLoop: any EventLoop,
        pause: TimeAmount,
        _ settled: @escaping @Sendable (Bool) -> Void
    ) {
        processor.process(batch, isIntercepted: true, on: eventLoop) { answer in
            guard case .refused = answer else {
                settled(true)
                return
            }
            self.writeFails.add()
            guard !self.isClosed.load(ordering: .relaxed) else {
                settled(false)
                return
            }
            eventLoop.scheduleTask(in: pause) {
                guard !self.isClosed.load(ordering: .relaxed) else {
                    settled(false)
                    return
                }
                self.offer(batch, on: eventLoop, pause: min(pause + pause, Self.longestPause), settled)
            }
        }
    }
}
