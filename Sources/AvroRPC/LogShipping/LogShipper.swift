internal import Events
public import Logging
public import NIOCore
internal import Synchronization

/// Ships a program's log lines to Avro sources, as Flume's log4j appender does, off the threads that log.
///
/// ```swift
/// let shipper = LogShipper(client: client)
/// LoggingSystem.bootstrap { shipper.handler(label: $0) }
/// async let shipping: Void = shipper.run()
/// // … the program …
/// shipper.close()
/// await shipping
/// await client.close()
/// ```
/// Each record is one event: its message and metadata as the body, its time, level and logger as the appender's headers.
public final class LogShipper: Sendable {
    /// What becomes of a record when the queue is full.
    public enum Overflow: Hashable, Sendable {
        /// It is dropped and counted.
        case drop
        /// Its thread waits for room, for so long at most; then it is dropped and counted. Never on an event loop's thread.
        case block(TimeAmount)
    }

    public struct Settings: Hashable, Sendable {
        /// Records that wait at most.
        public var capacity = 10_000
        public var overflow = Overflow.drop
        /// The appender's `UnsafeMode`: a batch that no source takes is dropped and counted. Without it, it is sent again
        /// until one does, and the queue fills.
        public var isUnsafe = false
        /// The value of the header `flume.client.log4j.address`; no header without it.
        public var address: String?

        public init() {}
    }

    /// Between tries of a batch that no source took: 200 ms, 400 ms … 10 s.
    private static let backoff = Backoff(base: .milliseconds(100), maximum: .seconds(10))

    private let client: RPCClient
    private let settings: Settings
    private let queue: LogQueue
    private let sent = Atomic(0)

    public init(client: RPCClient, settings: Settings = Settings()) {
        self.client = client
        self.settings = settings
        queue = LogQueue(capacity: settings.capacity, overflow: settings.overflow)
    }

    /// Records that a source has acknowledged.
    public var shippedCount: Int { sent.load(ordering: .relaxed) }
    /// Records that were dropped: no room, no source in unsafe mode, or left at the end.
    public var droppedCount: Int { queue.dropped }
    /// Records that wait.
    public var queuedCount: Int { queue.count }

    /// A handler for swift-log; any number of them share the queue.
    public func handler(label: String, level: Logger.Level = .info) -> some LogHandler {
        ShippingLogHandler(label: label, level: level, address: settings.address, queue: queue)
    }

    /// Ships until `close` was called and the queue is empty, or until its task is cancelled.
    public func run() async {
        while true {
            let events = await queue.next(client.batchSize)
            guard !events.isEmpty else { return }
            await ship(events)
            if Task.isCancelled {
                queue.close()
                queue.drop(await queue.next(.max).count)
                return
            }
        }
    }

    /// Takes nothing more. `run` returns when what waits has been sent; what no source takes then is dropped.
    public func close() { queue.close() }

    private func ship(_ events: [Event]) async {
        var failures = 0
        while true {
            do throws(RPCError) {
                try await client.appendBatch(events)
                sent.add(events.count, ordering: .relaxed)
                return
            } catch {
                let isFinal = [.cancelled, .clientClosed, .configuration].contains(error.code)
                guard !settings.isUnsafe, !isFinal, !queue.isClosed, !Task.isCancelled else {
                    queue.drop(events.count)
                    return
                }
            }
            failures += 1
            let pause = Self.backoff.delay(failures: failures)
            try? await Task.sleep(for: .nanoseconds(pause.nanoseconds))
        }
    }
}
