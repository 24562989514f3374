internal import AvroRPC
internal import Events
internal import NIOCore

/// Puts a generator's batches one behind the other: the next when the one before is acknowledged.
///
/// An actor on an event loop; nothing polls. A refusal that came sooner than any keep-alive would have made it wait is
/// followed by a short pause, so that a full channel is not hammered.
actor GeneratorDriver<Generator: BatchGenerator> {
    /// Batches put in one go before the loop's other work gets its turn.
    private static var batchesPerTurn: Int { 64 }
    private static var pause: TimeAmount { .milliseconds(100) }

    nonisolated let eventLoop: any EventLoop
    private nonisolated let executor: any SerialExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

    private let processor: ChannelProcessor
    private let counters: SourceCounters
    private var generator: Generator
    private var isPutting = false
    private var isPumping = false
    private var isStopped = false
    private var timer: Scheduled<Void>?

    init(_ generator: Generator, processor: ChannelProcessor, counters: SourceCounters, eventLoop: any EventLoop) {
        self.generator = generator
        self.processor = processor
        self.counters = counters
        self.eventLoop = eventLoop
        self.executor = eventLoop.executor
    }

    func start() { pump() }

    /// Puts nothing more; what is out runs its way.
    func stop() {
        isStopped = true
        timer?.cancel()
        timer = nil
    }

    private func pump() {
        guard !isPumping else { return }
        isPumping = true
        defer { isPumping = false }
        for _ in 0..<Self.batchesPerTurn {
            guard !isPutting, !isStopped, timer == nil else { return }
            switch generator.next(now: eventLoop.now) {
            case .put(let batch): put(batch)
            case .wait(let until): wait(until)
            case .finished: return
            }
        }
        eventLoop.execute { self.assumeIsolated { $0.pump() } }
    }

    private func put(_ batch: EventBatch) {
        isPutting = true
        let count = batch.count
        let offered = eventLoop.now
        processor.process(batch, on: eventLoop) { answer in
            let accepted = answer == .acknowledged
            LoopHandover.run(on: self.eventLoop) { self.assumeIsolated { $0.settled(count, accepted, offered) } }
        }
    }

    private func settled(_ count: Int, _ accepted: Bool, _ offered: NIODeadline) {
        isPutting = false
        var pause = generator.settled(accepted: accepted, count: count)
        if accepted {
            counters.eventAccepted.add(count)
            if count > 1 { counters.appendBatchAccepted.add() }
        } else {
            counters.channelWriteFail.add()
            if eventLoop.now - offered < Self.pause { pause = max(pause, Self.pause) }
        }
        if pause > .zero { wait(eventLoop.now + pause) }
        pump()
    }

    private func wait(_ until: NIODeadline) {
        guard !isStopped else { return }
        timer = eventLoop.scheduleTask(deadline: until) {
            self.assumeIsolated { driver in
                driver.timer = nil
                driver.pump()
            }
        }
    }
}
