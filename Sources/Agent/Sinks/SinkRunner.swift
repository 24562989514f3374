internal import AvroRPC
internal import DequeModule
internal import Events
package import Logging
package import NIOCore

/// Moves events from one channel to its sink or sinks: takes, submits, finishes.
///
/// An actor on the event loop that its sinks live on: the channel's waker and the sinks' reports hop there, and nothing
/// below ever waits.
package actor SinkRunner {
    /// A sink with what belongs to it.
    package struct Member: Sendable {
        package let name: String
        package let sink: any Sink
        package let counters: SinkCounters

        package init(name: String, sink: any Sink, counters: SinkCounters) {
            self.name = name
            self.sink = sink
            self.counters = counters
        }
    }

    private struct Held: ~Copyable {
        let number: DeliveryNumber
        var delivery: Delivery
    }

    /// Actions done in one go before the loop's other work gets its turn.
    private static let actionsPerTurn = 64

    package nonisolated let eventLoop: any EventLoop
    private nonisolated let executor: any SerialExecutor
    package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

    private let channel: any Channel
    private nonisolated let members: [Member]
    private let logger: Logger
    private var machine: SinkRunnerMachine
    private var held = UniqueDeque<Held>()
    private var timer: Scheduled<Void>?
    private var timerAt: NIODeadline?
    /// What sinks reported and the machine has not been told yet.
    private var arrived: Deque<(sink: Int, report: SinkReport)> = []
    private var isStarted = false
    private var isPumping = false
    private var isPumpDue = false
    /// What the log is told of a sink that does not deliver.
    private var outages: [LogThrottle]
    private lazy var waker = ChannelWaker { [weak self] in self?.wake() }

    package init(
        channel: any Channel,
        members: [Member],
        processor: SinkProcessor,
        eventLoop: any EventLoop,
        logger: Logger
    ) {
        self.channel = channel
        self.members = members
        self.eventLoop = eventLoop
        self.executor = eventLoop.executor
        self.logger = logger
        outages = members.map { _ in LogThrottle() }
        let limit = channel.transactionCapacity
        machine = SinkRunnerMachine(
            sinks: members.map { (batchSize: min($0.sink.batchSize, limit), canProbe: $0.sink.canProbe) },
            choice: processor.choice,
            backoff: processor.backoff
        )
    }

    /// Starts the sinks, then the traffic.
    package func start() async throws(ComponentError) {
        for (index, member) in members.enumerated() {
            try await member.sink.start(SinkReports { [weak self] report in self?.receive(report, from: index) })
        }
        isStarted = true
        pump()
    }

    /// Takes nothing more; sinks have until `deadline` for what they hold. What is left goes back to the channel.
    package func stop(deadline: NIODeadline) async {
        machine.stop()
        pump()
        for member in members { await member.sink.stop(deadline: deadline) }
        isPumpDue = false
        pump()
        timer?.cancel()
        timer = nil
        // Dropping a delivery gives it back.
        while held.popLast() != nil {}
    }

    private nonisolated func wake() {
        onLoop { runner in
            runner.machine.channelHasMore()
            runner.pump()
        }
    }

    /// A report may come from within `submit`: it is applied when the sink's answer has been. Failures come in swarms
    /// when a connection breaks: all of them are known before the first of their deliveries goes elsewhere, so that they
    /// keep their order and nothing new is taken before them.
    private nonisolated func receive(_ report: SinkReport, from sink: Int) {
        onLoop { runner in
            runner.arrived.append((sink, report))
            if report.isFailure { runner.pumpSoon() } else { runner.pump() }
        }
    }

    private nonisolated func onLoop(_ work: @escaping @Sendable (isolated SinkRunner) -> Void) {
        LoopHandover.run(on: eventLoop) { self.assumeIsolated(work) }
    }

    private func apply(_ report: SinkReport, from sink: Int) {
        let now = eventLoop.now
        switch report {
        case .ready:
            machine.ready(sink)
        case .unavailable(let failure):
            if machine.unavailable(sink, now: now) { reportDown(sink, failure) }
        case .probed(let failure):
            machine.probed(sink, isWell: failure == nil, now: now)
        case .finished(let number, .delivered):
            if machine.delivered(number, by: sink) { reportUp(sink) }
            let count = finish(number, .delivered)
            members[sink].counters.eventDrainSuccess.add(count)
        case .finished(let number, .except(let events, let failure)):
            members[sink].counters.eventWriteFail.add()
            if machine.failed(number, by: sink, now: now).isNewlyDown {
                reportDown(sink, failure)
            }
            machine.forget(number)
            let count = finish(number, .except(events))
            members[sink].counters.eventDrainSuccess.add(count - events.count)
        case .finished(let number, .notDelivered(let failure)):
            members[sink].counters.eventWriteFail.add()
            let (settlement, isNewlyDown) = machine.failed(number, by: sink, now: now)
            if isNewlyDown { reportDown(sink, failure) }
            if settlement == .finish { finish(number, .notDelivered) }
        }
    }

    private func pumpSoon() {
        guard !isPumpDue else { return }
        isPumpDue = true
        eventLoop.execute {
            self.assumeIsolated { runner in
                runner.isPumpDue = false
                runner.pump()
            }
        }
    }

    private func pump() {
        guard isStarted, !isPumping, !isPumpDue else { return }
        isPumping = true
        defer { isPumping = false }
        for _ in 0..<Self.actionsPerTurn {
            while let (sink, report) = arrived.popFirst() { apply(report, from: sink) }
            switch machine.next(now: eventLoop.now) {
            case .take(let sink, let limit, let minimum): take(for: sink, limit, minimum)
            case .submit(let number, let sink): submit(number, to: sink)
            case .giveBack(let number): finish(number, .notDelivered)
            case .probe(let sink): members[sink].sink.probe()
            case .idle(let until):
                schedule(until)
                return
            }
        }
        pumpSoon()
    }

    private func take(for sink: Int, _ limit: Int, _ minimum: Int) {
        guard let delivery = channel.take(upTo: limit, atLeast: minimum, waking: waker) else {
            if minimum == 1 { members[sink].counters.batchEmpty.add() }
            machine.foundTooFew()
            return
        }
        let counters = members[sink].counters
        let count = delivery.batch.count
        if count < members[sink].sink.batchSize { counters.batchUnderflow.add() } else { counters.batchComplete.add() }
        counters.eventDrainAttempt.add(count)
        held.append(Held(number: machine.took(), delivery: delivery))
    }

    private func submit(_ number: DeliveryNumber, to sink: Int) {
        guard let index = position(of: number) else { return }
        let answer = members[sink].sink.submit(
            held[index].delivery.batch,
            number: number,
            deadline: held[index].delivery.deadline
        )
        machine.offered(number, to: sink, answer)
    }

    /// Finishes a delivery and forgets it; returns how many events it had.
    @discardableResult
    private func finish(_ number: DeliveryNumber, _ end: DeliveryEnd) -> Int {
        guard let index = position(of: number) else { return 0 }
        let removed = held.remove(at: index)
        let count = removed.delivery.batch.count
        removed.delivery.finish(end)
        return count
    }

    private func position(of number: DeliveryNumber) -> Int? {
        for index in held.indices where held[index].number == number { return index }
        return nil
    }

    private func schedule(_ until: NIODeadline?) {
        guard until != timerAt else { return }
        timer?.cancel()
        timer = nil
        timerAt = until
        guard let until else { return }
        timer = eventLoop.scheduleTask(deadline: until) {
            self.assumeIsolated { runner in
                runner.timerAt = nil
                runner.pump()
            }
        }
    }

    private func reportDown(_ sink: Int, _ failure: SinkFailure) {
        guard let suppressed = outages[sink].pass(eventLoop.now) else { return }
        var metadata: Logger.Metadata = ["sink": "\(members[sink].name)", "reason": "\(failure.message)"]
        if suppressed > 0 { metadata["suppressed"] = "\(suppressed)" }
        logger.warning(
            "sink cannot deliver; its events go to its group's other sinks or wait in the channel",
            metadata: metadata
        )
    }

    private func reportUp(_ sink: Int) {
        outages[sink] = LogThrottle()
        logger.info("sink delivers again", metadata: ["sink": "\(members[sink].name)"])
    }

    /// Why nothing can be delivered at this time: every sink is in trouble.
    package nonisolated var trouble: String? {
        let troubles = members.compactMap { member in member.sink.trouble.map { "sink \(member.name): \($0)" } }
        return troubles.count == members.count ? troubles.joined(separator: "; ") : nil
    }
}
