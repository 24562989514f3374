internal import CRdKafka
internal import Secure

/// Owns a `rd_kafka_conf_t` until a client takes it over.
@safe struct ClientConfiguration: ~Copyable {
    private let handle: OpaquePointer

    /// Why librdkafka does not take a property.
    enum Refusal: Error, Hashable {
        /// It has no property of that name, or was built without it.
        case unknown
        /// The value cannot be used; librdkafka's own words.
        case invalid(String)
    }

    init() {
        // Before librdkafka starts the library that both use.
        TLSLibrary.prepare()
        unsafe handle = rd_kafka_conf_new()
    }

    deinit {
        unsafe rd_kafka_conf_destroy(handle)
    }

    func set(_ option: ClientOption) throws(Refusal) {
        let (result, text) = unsafe withErrorText {
            unsafe rd_kafka_conf_set(handle, option.name, option.value, $0, $1)
        }
        switch result {
        case RD_KAFKA_CONF_OK: return
        case RD_KAFKA_CONF_UNKNOWN: throw .unknown
        default: throw .invalid(option.isSecret ? "the value of \(option.name) cannot be used" : text)
        }
    }

    /// A producer whose delivery reports, errors and log lines all come through its main queue.
    consuming func makeProducer() throws(KafkaFailure) -> ClientHandle {
        unsafe rd_kafka_conf_set_events(
            handle,
            RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG | RD_KAFKA_EVENT_STATS
        )
        return try ClientHandle(self, RD_KAFKA_PRODUCER)
    }

    /// A consumer whose errors, log lines and answers to commits come through its main queue; rebalances are told to
    /// `hook`, on the thread that polls for records.
    consuming func makeConsumer(_ hook: RebalanceHook) throws(KafkaFailure) -> ConsumerHandle {
        unsafe rd_kafka_conf_set_events(handle, RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG | RD_KAFKA_EVENT_STATS)
        unsafe hook.attach(to: handle)
        return ConsumerHandle(try ClientHandle(self, RD_KAFKA_CONSUMER), hook: hook)
    }

    /// The client itself, which takes the configuration over.
    fileprivate consuming func make(_ type: rd_kafka_type_t) throws(KafkaFailure) -> OpaquePointer {
        let handle = unsafe self.handle
        let (client, text) = unsafe withErrorText { unsafe rd_kafka_new(type, handle, $0, $1) }
        discard self
        guard let client = unsafe client else {
            // librdkafka took nothing over.
            let code = rd_kafka_last_error().rawValue
            unsafe rd_kafka_conf_destroy(handle)
            throw KafkaFailure(code: code, message: text)
        }
        return unsafe client
    }
}

extension ClientHandle {
    fileprivate convenience init(
        _ configuration: consuming ClientConfiguration,
        _ type: rd_kafka_type_t
    ) throws(KafkaFailure) {
        unsafe self.init(adopting: try configuration.make(type))
    }
}

/// One property for librdkafka.
package struct ClientOption: Hashable, Sendable, CustomStringConvertible {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    /// Never to be shown.
    var isSecret: Bool {
        ["password", "secret", ".pem", "jaas", "oauthbearer.config"].contains { name.contains($0) }
    }

    package var description: String { "\(name) = \(isSecret ? "(hidden)" : value)" }
}

/// Runs a call that may leave its error as text in a buffer (512 bytes, as rdkafka.h's examples have it).
private func withErrorText<Result>(_ body: (UnsafeMutablePointer<CChar>, Int) -> Result) -> (Result, String) {
    unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { buffer in
        unsafe buffer.initialize(repeating: 0)
        let base = buffer.baseAddress!  // Never nil for a capacity above 0.
        let result = unsafe body(base, buffer.count)
        return unsafe (result, String(cString: base))
    }
}
