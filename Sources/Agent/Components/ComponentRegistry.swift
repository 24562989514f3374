/// All types of components that this process can make, by Flume's alias or class name.
///
/// A third party adds its own exactly as Tributary's modules do: conform to a protocol, describe the keys in a `TypeEntry`,
/// register a maker.
public struct ComponentRegistry: Sendable {
    public typealias MakeSource = @Sendable (SourceContext) throws(ConfigurationFault) -> any Source
    public typealias MakeChannel = @Sendable (ChannelContext) throws(ConfigurationFault) -> any Channel
    public typealias MakeSink = @Sendable (SinkContext) throws(ConfigurationFault) -> any Sink
    public typealias MakeInterceptor = @Sendable (ComponentSettings) throws(ConfigurationFault) -> any Interceptor
    public typealias MakeSinkProcessor = @Sendable (SinkProcessorContext) throws(ConfigurationFault) -> SinkProcessor

    /// What configuration files are checked against.
    public private(set) var catalog = TypeCatalog()
    private var sources: [String: MakeSource] = [:]
    private var channels: [String: MakeChannel] = [:]
    private var sinks: [String: MakeSink] = [:]
    private var interceptors: [String: MakeInterceptor] = [:]
    private var sinkProcessors: [String: MakeSinkProcessor] = [:]

    /// A registry of nothing.
    public init() {}

    public mutating func register(source entry: TypeEntry, make: @escaping MakeSource) {
        catalog.add(entry, as: .source)
        sources[entry.className] = make
    }

    public mutating func register(channel entry: TypeEntry, make: @escaping MakeChannel) {
        catalog.add(entry, as: .channel)
        channels[entry.className] = make
    }

    public mutating func register(sink entry: TypeEntry, make: @escaping MakeSink) {
        catalog.add(entry, as: .sink)
        sinks[entry.className] = make
    }

    public mutating func register(interceptor entry: TypeEntry, make: @escaping MakeInterceptor) {
        catalog.add(entry, as: .interceptor)
        interceptors[entry.className] = make
    }

    public mutating func register(sinkProcessor entry: TypeEntry, make: @escaping MakeSinkProcessor) {
        catalog.add(entry, as: .sinkProcessor)
        sinkProcessors[entry.className] = make
    }

    /// Describes a part that its component makes itself (a serializer, a channel selector).
    public mutating func describe(_ entry: TypeEntry, as kind: ComponentKind) {
        catalog.add(entry, as: kind)
    }

    func makeSource(_ context: SourceContext) throws(ConfigurationFault) -> any Source {
        guard let make = sources[context.settings.className] else { throw Self.unknown(context.settings) }
        return try make(context)
    }

    func makeChannel(_ context: ChannelContext) throws(ConfigurationFault) -> any Channel {
        guard let make = channels[context.settings.className] else { throw Self.unknown(context.settings) }
        return try make(context)
    }

    func makeSink(_ context: SinkContext) throws(ConfigurationFault) -> any Sink {
        guard let make = sinks[context.settings.className] else { throw Self.unknown(context.settings) }
        return try make(context)
    }

    func makeInterceptor(_ settings: ComponentSettings) throws(ConfigurationFault) -> any Interceptor {
        guard let make = interceptors[settings.className] else { throw Self.unknown(settings) }
        return try make(settings)
    }

    func makeSinkProcessor(_ context: SinkProcessorContext) throws(ConfigurationFault) -> SinkProcessor {
        guard let make = sinkProcessors[context.settings.className] else { throw Self.unknown(context.settings) }
        return try make(context)
    }

    /// Only for settings that no loader has checked against this registry's catalog.
    private static func unknown(_ settings: ComponentSettings) -> ConfigurationFault {
        ConfigurationFault(
            "unknown \(settings.kind.noun) type `\(settings.type)`",
            location: settings.location,
            advice: "register it with the agent's registry"
        )
    }
}
