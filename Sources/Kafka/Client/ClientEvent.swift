internal import CRdKafka

/// One event of a client's queue, freed with this value; the room that reported records took is free only then.
@safe struct ClientEvent: ~Copyable {
    private let event: OpaquePointer

    enum Kind {
        case deliveries
        case error
        case log
        /// The answer to a commit of offsets.
        case commit
        case statistics
        case other
    }

    init(adopting event: OpaquePointer) {
        unsafe self.event = event
    }

    deinit {
        unsafe rd_kafka_event_destroy(event)
    }

    var kind: Kind {
        switch unsafe rd_kafka_event_type(event) {
        case RD_KAFKA_EVENT_DR: .deliveries
        case RD_KAFKA_EVENT_ERROR: .error
        case RD_KAFKA_EVENT_LOG: .log
        case RD_KAFKA_EVENT_OFFSET_COMMIT: .commit
        case RD_KAFKA_EVENT_STATS: .statistics
        default: .other
        }
    }

    /// Calls `body` with each reported record's number and error (0: acknowledged). May be called once.
    @inline(__always)
    func forEachDelivery(_ body: (_ opaque: UInt64, _ error: Int32) -> Void) {
        while let message = unsafe rd_kafka_event_message_next(event) {
            unsafe body(tributary_kafka_opaque(message), message.pointee.err.rawValue)
        }
    }

    var failure: KafkaFailure {
        unsafe KafkaFailure(
            code: rd_kafka_event_error(event).rawValue,
            message: String(cString: rd_kafka_event_error_string(event))
        )
    }

    /// Whether the error has ended the client (`rd_kafka_fatal_error`).
    var isFatal: Bool { unsafe rd_kafka_event_error_is_fatal(event) != 0 }

    /// A line that librdkafka logs; `level` as syslog(3) has it.
    var logLine: (level: Int, facility: String, text: String)? {
        var facility: UnsafePointer<CChar>?
        var text: UnsafePointer<CChar>?
        var level: Int32 = 0
        guard unsafe rd_kafka_event_log(event, &facility, &text, &level) == 0, let text = unsafe text else {
            return nil
        }
        return unsafe (Int(level), facility.map { unsafe String(cString: $0) } ?? "", String(cString: text))
    }

    /// The offsets that a commit was asked for, and which of them were not taken.
    var commit: CommitOutcome {
        let error = unsafe rd_kafka_event_error(event)
        let list = unsafe rd_kafka_event_topic_partition_list(event)
        return unsafe CommitOutcome(list, error: error)
    }

    /// What librdkafka says of itself: JSON (STATISTICS.md).
    var statistics: String? {
        guard let text = unsafe rd_kafka_event_stats(event) else { return nil }
        return unsafe String(cString: text)
    }
}
