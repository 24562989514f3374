import Synchronization

/// Milliseconds since 1970 that only the test moves.
final class TestClock: Sendable {
    private let state: Mutex<Int>

    init(_ now: Int) { state = Mutex(now) }

    var now: Int {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}
