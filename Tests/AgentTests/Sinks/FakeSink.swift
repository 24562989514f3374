import Events
import NIOCore
import Synchronization
import TestSupport

@testable import Agent

/// A sink whose answers a test decides.
final class FakeSink: Sink {
    /// When a batch is answered.
    enum Manner {
        /// Within `submit`.
        case atOnce
        /// On a thread of its own, after up to so long, in any order.
        case later(any EventLoopGroup, TimeAmount)
        /// When the test says so.
        case held
    }

    private struct State {
        var reports = SinkReports { _ in }
        var isStopped = false
        var wasBusy = false
        var held: [(number: DeliveryNumber, batch: EventBatch)] = []
        var random: SeededGenerator
    }

    let batchSize: Int
    let window: Int
    private let manner: Manner
    private let decide: @Sendable (EventBatch, inout SeededGenerator) -> SinkOutcome
    private let state: Mutex<State>
    /// Numbers of the batches accepted, in order.
    let accepted = Recorded<[Int]>()
    /// Numbers of events that arrived, in order.
    let arrived = Recorded<[Int]>()

    init(
        _ manner: Manner,
        batchSize: Int = 10,
        window: Int = 8,
        seed: UInt64 = 1,
        decide: @escaping @Sendable (EventBatch, inout SeededGenerator) -> SinkOutcome = { _, _ in .delivered }
    ) {
        self.manner = manner
        self.batchSize = batchSize
        self.window = window
        self.decide = decide
        state = Mutex(State(random: SeededGenerator(seed: seed)))
    }

    var numbers: [Int] { arrived.all.flatMap { $0 } }
    var heldCount: Int { state.withLock { $0.held.count } }

    func start(_ reports: SinkReports) async throws(ComponentError) {
        state.withLock { $0.reports = reports }
    }

    func submit(_ batch: EventBatch, number: DeliveryNumber, deadline: NIODeadline?) -> Submission {
        let (answer, pause) = state.withLock { state -> (Submission, TimeAmount) in
            guard state.held.count < window else {
                state.wasBusy = true
                return (.busy, .zero)
            }
            // Before it is held: who sees that may look here.
            accepted.add(batch.numbers)
            state.held.append((number, batch))
            let longest: Int64
            if case .later(_, let time) = manner { longest = time.nanoseconds } else { longest = 0 }
            return (.accepted, .nanoseconds(Int64.random(in: 0...longest, using: &state.random)))
        }
        guard answer == .accepted else { return answer }
        switch manner {
        case .atOnce: answerOne(number)
        case .later(let group, _): group.next().scheduleTask(in: pause) { self.answerOne(number) }
        case .held: break
        }
        return answer
    }

    /// Answers one batch as `decide` says, or as the caller does.
    func answerOne(_ number: DeliveryNumber, _ given: SinkOutcome? = nil) {
        let found = state.withLock { state -> (SinkReports, EventBatch, SinkOutcome, Bool)? in
            guard !state.isStopped, let index = state.held.firstIndex(where: { $0.number == number }) else {
                return nil
            }
            let batch = state.held.remove(at: index).batch
            let outcome = given ?? decide(batch, &state.random)
            defer { state.wasBusy = false }
            return (state.reports, batch, outcome, state.wasBusy)
        }
        guard let (reports, batch, outcome, wasBusy) = found else { return }
        switch outcome {
        case .delivered: arrived.add(batch.numbers)
        case .except(let failed, _):
            let failed = Set(failed)
            arrived.add(batch.numbers.enumerated().filter { !failed.contains($0.offset) }.map(\.element))
        case .notDelivered: break
        }
        reports.finished(number, outcome)
        if wasBusy { reports.ready() }
    }

    /// Answers all that it holds, oldest first.
    func answerAll(_ outcome: SinkOutcome) {
        for number in state.withLock({ $0.held.map(\.number) }) { answerOne(number, outcome) }
    }

    func stop(deadline: NIODeadline) async {
        state.withLock { $0.isStopped = true }
    }
}
