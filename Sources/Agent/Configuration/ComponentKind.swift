/// What a component is: which list of types its `type` is looked up in.
public enum ComponentKind: String, Sendable, Hashable, CaseIterable {
    case source
    case sink
    case channel
    /// A group itself has no type; its processor has.
    case sinkGroup
    case sinkProcessor
    case channelSelector
    case interceptor
    case eventSerializer
    case deserializer
    /// A serializer of the regex_extractor interceptor.
    case extractorSerializer
    case httpHandler
    /// Names the files of the file_roll sink.
    case pathManager
    /// Of the file channel's encryption.
    case keyProvider
    case cipherProvider

    /// The word for it in a message.
    public var noun: String {
        switch self {
        case .source: "source"
        case .sink: "sink"
        case .channel: "channel"
        case .sinkGroup: "sink group"
        case .sinkProcessor: "sink processor"
        case .channelSelector: "channel selector"
        case .interceptor: "interceptor"
        case .eventSerializer: "event serializer"
        case .deserializer: "deserializer"
        case .extractorSerializer: "extractor serializer"
        case .httpHandler: "HTTP handler"
        case .pathManager: "path manager"
        case .keyProvider: "key provider"
        case .cipherProvider: "cipher provider"
        }
    }

    /// Whether a class name must be that of the builder, `….Name$Builder`.
    var usesBuilders: Bool {
        switch self {
        case .interceptor, .eventSerializer, .deserializer, .pathManager: true
        default: false
        }
    }
}
