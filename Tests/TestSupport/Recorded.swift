import Synchronization

/// What callbacks told, in the order in which they did; any thread may add.
package final class Recorded<Value: Sendable>: Sendable {
    private let values = Mutex<[Value]>([])

    package init() {}

    package var all: [Value] { values.withLock { $0 } }
    package var count: Int { values.withLock { $0.count } }

    package func add(_ value: Value) { values.withLock { $0.append(value) } }
}
