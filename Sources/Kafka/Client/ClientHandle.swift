internal import CRdKafka
internal import Synchronization

/// Owns one librdkafka client and its main queue.
///
/// Its last owner blocks while librdkafka's threads end, so that must be the client's own thread.
// @unchecked: both pointers are set once in `init`, librdkafka's calls on them are safe from any thread (rdkafka.h,
// INTRODUCTION.md "Threads and callbacks"), and `deinit` runs when nobody can call any more.
@safe final class ClientHandle: @unchecked Sendable {
    private let client: OpaquePointer
    private let queue: OpaquePointer
    private let arrivals: Mutex<Arrivals?> = Mutex(nil)

    /// What librdkafka is given to call.
    private final class Arrivals: Sendable {
        let notify: @Sendable () -> Void
        init(_ notify: @escaping @Sendable () -> Void) { self.notify = notify }
    }

    /// librdkafka's, e.g. `2.0.2`.
    static let version = unsafe String(cString: rd_kafka_version_str())

    /// Takes over a client that was made with events enabled and `log.queue` set.
    init(adopting client: OpaquePointer) {
        unsafe self.client = client
        unsafe queue = rd_kafka_queue_get_main(client)
        _ = unsafe rd_kafka_set_log_queue(client, nil)
    }

    deinit {
        // Nobody calls `notify` any more when this has returned.
        unsafe rd_kafka_queue_cb_event_enable(queue, nil, nil)
        unsafe rd_kafka_queue_destroy(queue)
        unsafe rd_kafka_destroy(client)
    }

    /// The client itself, for calls of this module's other owners of C handles; not to be kept beyond `self`.
    func withClient<Result>(_ body: (OpaquePointer) -> Result) -> Result {
        unsafe body(client)
    }

    /// Waits for the next event; `nil` when none came in time or `wake` was called.
    func poll(milliseconds: Int32) -> ClientEvent? {
        guard let event = unsafe rd_kafka_queue_poll(queue, milliseconds) else { return nil }
        return unsafe ClientEvent(adopting: event)
    }

    /// Has `notify` called, once, whenever an event comes into the empty queue; at once too, for what is there already.
    ///
    /// librdkafka's threads call it under the queue's lock: it must return at once and not call librdkafka.
    func onArrival(_ notify: @escaping @Sendable () -> Void) {
        let arrivals = Arrivals(notify)
        self.arrivals.withLock { $0 = arrivals }
        let opaque = unsafe Unmanaged.passUnretained(arrivals).toOpaque()
        unsafe rd_kafka_queue_cb_event_enable(
            queue,
            { _, opaque in
                guard let opaque = unsafe opaque else { return }
                unsafe Unmanaged<Arrivals>.fromOpaque(opaque).takeUnretainedValue().notify()
            },
            opaque
        )
        notify()
    }

    /// Ends a `poll` that is waiting, or the next one.
    func wake() {
        unsafe rd_kafka_queue_yield(queue)
    }

    /// The queue that `poll` waits on; not to be kept beyond `self`.
    func withQueue<Result>(_ body: (OpaquePointer) -> Result) -> Result {
        unsafe body(queue)
    }

    /// Records not yet acknowledged, and reports and requests not yet seen.
    var outstanding: Int { unsafe Int(rd_kafka_outq_len(client)) }

    /// Gives up every record, sent or not; each still gets its delivery report.
    func purge() {
        _ = unsafe rd_kafka_purge(client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
    }

    /// Asks some broker who the brokers are: whether one can be reached. Blocks for `milliseconds` at most.
    func probe(milliseconds: Int32) throws(KafkaFailure) {
        var metadata: UnsafePointer<rd_kafka_metadata>?
        let error = unsafe rd_kafka_metadata(client, 0, nil, &metadata, milliseconds)
        if let metadata = unsafe metadata { unsafe rd_kafka_metadata_destroy(metadata) }
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaFailure(code: error.rawValue) }
    }

    /// Whether a fatal error has ended the client. Set before anything that follows from it can be seen.
    var hasEnded: Bool { unsafe rd_kafka_fatal_error(client, nil, 0) != RD_KAFKA_RESP_ERR_NO_ERROR }

    /// The first fatal error, which ended the client; `nil` where there was none.
    var fatalFailure: KafkaFailure? {
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { buffer in
            unsafe buffer.initialize(repeating: 0)
            guard let base = buffer.baseAddress else { return nil }
            let error = unsafe rd_kafka_fatal_error(client, base, buffer.count)
            guard error != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
            return unsafe KafkaFailure(code: error.rawValue, message: String(cString: base))
        }
    }
}
