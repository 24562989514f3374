public import Logging
public import NIOCore

/// What is set outside the properties files: `-D` options and the environment.
public struct ProcessSettings: Sendable {
    /// Java's system properties, from `-Dkey=value`.
    public var systemProperties: [String: String]
    public var environment: [String: String]

    public init(systemProperties: [String: String] = [:], environment: [String: String] = [:]) {
        self.systemProperties = systemProperties
        self.environment = environment
    }
}

/// What a source is made from.
public struct SourceContext: Sendable {
    public let settings: ComponentSettings
    /// Where its batches go.
    public let processor: ChannelProcessor
    public let counters: SourceCounters
    public let eventLoopGroup: any EventLoopGroup
    public let process: ProcessSettings
    public let logger: Logger
    /// Remarks on values that are passed over.
    public var note: @Sendable (Diagnostic) -> Void = { _ in }
}

/// What a channel is made from.
public struct ChannelContext: Sendable {
    public let settings: ComponentSettings
    public let counters: ChannelCounters
    public let admission: Admission
    /// Bytes that a channel may keep in memory where its file does not say.
    public let defaultByteCapacity: Int
    public let eventLoopGroup: any EventLoopGroup
    public let process: ProcessSettings
    /// Which channel of the agent keeps its files where.
    let directories: DirectoryClaims
    public let logger: Logger
    /// Remarks on values that are passed over.
    public let note: @Sendable (Diagnostic) -> Void
}

/// What a sink is made from.
public struct SinkContext: Sendable {
    public let settings: ComponentSettings
    public let counters: SinkCounters
    /// Where its runner calls `submit`.
    public let eventLoop: any EventLoop
    /// Whether somebody upstream waits for the delivery of what it is given (`acknowledge = delivered`).
    public let deliversForCallers: Bool
    public let process: ProcessSettings
    public let logger: Logger
    /// Remarks on values that are passed over.
    public let note: @Sendable (Diagnostic) -> Void
}

/// What a sink processor is made from.
public struct SinkProcessorContext: Sendable {
    /// The keys behind `processor.`.
    public let settings: ComponentSettings
    /// The group's sinks in the order of its `sinks`.
    public let sinks: [String]

    public init(settings: ComponentSettings, sinks: [String]) {
        self.settings = settings
        self.sinks = sinks
    }
}
