internal import CRdKafka

/// An error of librdkafka or of a broker: its number (`rd_kafka_resp_err_t`: below 0 the library's own, above 0 the
/// broker's) and what was said about it.
struct KafkaFailure: Error, Hashable, CustomStringConvertible {
    let code: Int32
    let message: String

    /// The library's own words for `code`, with its name: `Broker: Message size too large (MSG_SIZE_TOO_LARGE)`.
    init(code: Int32) {
        self.init(code: code, message: Self.text(of: code))
    }

    init(code: Int32, message: String) {
        self.code = code
        self.message = message
    }

    var description: String { message }

    /// The client cannot be used any more (`rd_kafka_fatal_error`): an idempotent producer, or a consumer with a
    /// `group.instance.id`.
    static let fatal = RD_KAFKA_RESP_ERR__FATAL.rawValue

    /// There is no such topic.
    var isTopicMissing: Bool {
        code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART.rawValue || code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC.rawValue
    }

    /// librdkafka has no connection to any broker.
    var isAllBrokersDown: Bool { code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN.rawValue }

    /// Whether the same record may be accepted later.
    static func isRetriable(_ code: Int32) -> Bool { !permanent.contains(code) }

    /// Whether no later try is likely to do better: the record itself is wrong, or its topic is not there, or not ours to
    /// write to.
    static func isHopeless(_ code: Int32) -> Bool { permanent.contains(code) || forbidden.contains(code) }

    /// The record, or what goes with it, is larger than Kafka takes.
    static func isTooLarge(_ code: Int32) -> Bool {
        code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE.rawValue
            || code == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE.rawValue
    }

    /// The error's short name: `MSG_SIZE_TOO_LARGE`.
    static func name(of code: Int32) -> String {
        unsafe String(cString: rd_kafka_err2name(rd_kafka_resp_err_t(rawValue: code)))
    }

    /// What somebody may put right at the broker. An unknown topic is reported only after librdkafka has waited for it
    /// (`topic.metadata.propagation.max.ms`, 30 s).
    private static let forbidden: Set<Int32> = [
        RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART.rawValue,
        RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC.rawValue,
        RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED.rawValue,
    ]

    /// Errors that the record itself causes.
    private static let permanent: Set<Int32> = [
        RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE.rawValue,
        RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE.rawValue,
        RD_KAFKA_RESP_ERR_INVALID_MSG.rawValue,
        RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE.rawValue,
        RD_KAFKA_RESP_ERR_INVALID_RECORD.rawValue,
        RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP.rawValue,
        RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION.rawValue,
        RD_KAFKA_RESP_ERR_POLICY_VIOLATION.rawValue,
        RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION.rawValue,
        RD_KAFKA_RESP_ERR__INVALID_ARG.rawValue,
    ]

    private static func text(of code: Int32) -> String {
        let error = rd_kafka_resp_err_t(rawValue: code)
        let words = unsafe String(cString: rd_kafka_err2str(error))
        let name = unsafe String(cString: rd_kafka_err2name(error))
        return "\(words) (\(name))"
    }
}
