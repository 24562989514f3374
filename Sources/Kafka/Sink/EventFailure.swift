/// Why one event is not in Kafka.
enum EventFailure: Hashable {
    /// librdkafka or a broker says so.
    case kafka(Int32)
    /// The event asks for what cannot be.
    case event(String)
    /// The event is in Kafka, but its transaction was not committed.
    case transaction(KafkaFailure)
    /// The sink ended before the event was sent.
    case stopped

    var isRetriable: Bool {
        switch self {
        case .kafka(let code): KafkaFailure.isRetriable(code)
        case .event: false
        case .stopped, .transaction: true
        }
    }

    /// Whether the event would hold up those behind it for ever.
    var isHopeless: Bool {
        switch self {
        case .kafka(let code): KafkaFailure.isHopeless(code)
        case .event: true
        case .stopped, .transaction: false
        }
    }

    /// A word for it: Kafka's name of the error.
    var name: String {
        switch self {
        case .kafka(let code): KafkaFailure.name(of: code)
        case .event: "INVALID_EVENT"
        case .transaction(let failure): KafkaFailure.name(of: failure.code)
        case .stopped: "STOPPED"
        }
    }

    var message: String {
        switch self {
        case .kafka(let code): KafkaFailure(code: code).message
        case .event(let text): text
        case .transaction(let failure): "its transaction was not committed: \(failure)"
        case .stopped: "the sink was stopped before Kafka had acknowledged the event"
        }
    }
}
