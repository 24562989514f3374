internal import DequeModule
internal import Events
internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// Log events between the threads that log and the one task that ships them: bounded, in order.
final class LogQueue: Sendable {
    private struct State {
        var events: Deque<Event> = []
        var isClosed = false
        var dropped = 0
        var consumer: CheckedContinuation<Void, Never>?
        var blocked: [EventLoopPromise<Void>] = []
    }

    /// What there is to do with an event, decided under the lock and done outside.
    private enum Verdict {
        case taken(CheckedContinuation<Void, Never>?)
        case dropped
        case wait(EventLoopFuture<Void>)
    }

    private let capacity: Int
    private let overflow: LogShipper.Overflow
    private let state = Mutex(State())

    init(capacity: Int, overflow: LogShipper.Overflow) {
        self.capacity = max(1, capacity)
        self.overflow = overflow
    }

    var dropped: Int { state.withLock { $0.dropped } }
    var count: Int { state.withLock { $0.events.count } }

    func drop(_ count: Int) { state.withLock { $0.dropped += count } }

    /// Adds an event; where there is no room, waits or drops it as the overflow rule says.
    func append(_ event: Event) {
        let deadline: NIODeadline
        switch overflow {
        case .drop: deadline = .distantPast
        case .block(let patience): deadline = .now() + patience
        }
        // A thread that serves sockets must not wait: it may be the one that empties the queue.
        let mayWait = deadline > .now() && MultiThreadedEventLoopGroup.currentEventLoop == nil
        while true {
            switch offer(event, mayWait: mayWait && NIODeadline.now() < deadline) {
            case .taken(let consumer):
                consumer?.resume()
                return
            case .dropped:
                return
            case .wait(let room):
                let timer = room.eventLoop.scheduleTask(deadline: deadline) { self.wakeBlocked() }
                try? room.wait()
                timer.cancel()
            }
        }
    }

    private func offer(_ event: Event, mayWait: Bool) -> Verdict {
        state.withLock { state in
            guard !state.isClosed, state.events.count < capacity || mayWait else {
                state.dropped += 1
                return .dropped
            }
            guard state.events.count < capacity else {
                let promise = MultiThreadedEventLoopGroup.singleton.any().makePromise(of: Void.self)
                state.blocked.append(promise)
                return .wait(promise.futureResult)
            }
            state.events.append(event)
            defer { state.consumer = nil }
            return .taken(state.consumer)
        }
    }

    private func wakeBlocked() {
        let blocked = state.withLock { state in
            defer { state.blocked = [] }
            return state.blocked
        }
        for promise in blocked { promise.succeed() }
    }

    /// Up to `limit` events; waits for the first. Empty: the queue is closed and empty, or the task is cancelled.
    func next(_ limit: Int) async -> [Event] {
        while true {
            let (events, isAtEnd) = state.withLock { state in
                let count = min(limit, state.events.count)
                let events = Array(state.events.prefix(count))
                state.events.removeFirst(count)
                return (events, state.isClosed)
            }
            if !events.isEmpty { wakeBlocked() }
            if !events.isEmpty || isAtEnd || Task.isCancelled { return events }
            await arrival()
        }
    }

    private func arrival() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDue = state.withLock { state in
                    if !state.events.isEmpty || state.isClosed || Task.isCancelled { return true }
                    state.consumer = continuation
                    return false
                }
                if isDue { continuation.resume() }
            }
        } onCancel: {
            wakeConsumer()
        }
    }

    private func wakeConsumer() {
        let consumer = state.withLock { state in
            defer { state.consumer = nil }
            return state.consumer
        }
        consumer?.resume()
    }

    /// Takes nothing more.
    func close() {
        state.withLock { $0.isClosed = true }
        wakeConsumer()
        wakeBlocked()
    }

    var isClosed: Bool { state.withLock { $0.isClosed } }
}
