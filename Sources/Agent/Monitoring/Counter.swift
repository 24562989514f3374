internal import Synchronization

/// One number that only grows, safe from any thread.
public final class Counter: Sendable {
    private let storage = Atomic<Int>(0)

    init() {}

    public var value: Int { storage.load(ordering: .relaxed) }

    public func add(_ amount: Int = 1) {
        storage.add(amount, ordering: .relaxed)
    }
}

/// One number that is set, safe from any thread.
public final class Gauge: Sendable {
    private let storage = Atomic<Int>(0)

    init() {}

    public var value: Int { storage.load(ordering: .relaxed) }

    public func set(_ value: Int) {
        storage.store(value, ordering: .relaxed)
    }

    public func add(_ amount: Int) {
        storage.add(amount, ordering: .relaxed)
    }
}
