import Events
import Synchronization

@testable import Agent

/// Collects what a sink reports.
final class SinkHarness: Sendable {
    private let state = Mutex<(outcomes: [(DeliveryNumber, SinkOutcome)], readies: Int, downs: [SinkFailure])>(
        ([], 0, [])
    )

    var reports: SinkReports {
        SinkReports { report in
            self.state.withLock { state in
                switch report {
                case .finished(let number, let outcome): state.outcomes.append((number, outcome))
                case .ready: state.readies += 1
                case .unavailable(let failure): state.downs.append(failure)
                case .probed: break
                }
            }
        }
    }

    var readies: Int { state.withLock { $0.readies } }
    var downs: [SinkFailure] { state.withLock { $0.downs } }
    var count: Int { state.withLock { $0.outcomes.count } }

    /// Numbers of delivered batches, in the order of the reports.
    var delivered: [DeliveryNumber] {
        state.withLock { state in
            state.outcomes.compactMap { number, outcome in
                if case .delivered = outcome { number } else { nil }
            }
        }
    }

    /// Why batches were not delivered.
    var failures: [String] {
        state.withLock { state in
            state.outcomes.compactMap { _, outcome in
                if case .notDelivered(let failure) = outcome { failure.message } else { nil }
            }
        }
    }
}
