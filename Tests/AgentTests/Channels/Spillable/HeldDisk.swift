import Dispatch
import Synchronization

/// Keeps a journal's writer from its next group: the answers of the first one wait until they are let go.
final class HeldDisk: Sendable {
    private let gate = DispatchSemaphore(value: 0)
    private let reached = Atomic(false)

    var isReached: Bool { reached.load(ordering: .acquiring) }

    func letGo() { gate.signal() }

    var answering: @Sendable (_ answers: () -> Void, _ wakes: () -> Void) -> Void {
        { answers, wakes in
            let isFirst = !self.reached.exchange(true, ordering: .acquiringAndReleasing)
            if isFirst { self.gate.wait() }
            answers()
            wakes()
        }
    }
}
