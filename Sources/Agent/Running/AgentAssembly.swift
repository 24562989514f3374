package import Logging
package import NIOCore

/// Makes an agent's components from its configuration and joins them.
package struct AgentAssembly {
    /// What all agents of a process share.
    package struct Surroundings: Sendable {
        package var registry: ComponentRegistry
        package var group: any EventLoopGroup
        package var process: ProcessSettings
        package var logger: Logger
        /// Bytes that the memory channels of the agent may use where its file does not say.
        package var channelBytes: Int
        /// How long a stop may take.
        package var shutdownTimeout: TimeAmount

        package init(
            registry: ComponentRegistry,
            group: any EventLoopGroup,
            process: ProcessSettings,
            logger: Logger,
            channelBytes: Int,
            shutdownTimeout: TimeAmount
        ) {
            self.registry = registry
            self.group = group
            self.process = process
            self.logger = logger
            self.channelBytes = channelBytes
            self.shutdownTimeout = shutdownTimeout
        }
    }

    private let surroundings: Surroundings
    private let isLenient: Bool
    /// What was remarked while making the components.
    package private(set) var diagnostics = Diagnostics()
    private let admission = Admission()
    private let directories = DirectoryClaims()
    private var groups: [CounterGroup] = []
    private var channels: [String: any Channel] = [:]

    /// - Parameter lenient: a component that cannot be made is dropped with what hangs on it, and the rest runs.
    package init(_ surroundings: Surroundings, lenient: Bool) {
        self.surroundings = surroundings
        isLenient = lenient
    }

    /// The agent, or `nil` where a fault (see `diagnostics`) forbids it or nothing is left to run.
    package mutating func make(_ configuration: AgentConfiguration) -> AgentService? {
        for settings in configuration.channels { makeChannel(settings) }
        let sources = configuration.sources.compactMap { makeSource($0) }
        let runners = makeRunners(configuration)
        guard isLenient || !diagnostics.hasFault else { return nil }
        guard !channels.isEmpty, !(sources.isEmpty && runners.isEmpty) else { return nil }
        return AgentService(
            name: configuration.name,
            sources: sources,
            channels: channels.map { AgentService.NamedChannel(name: $0.key, channel: $0.value) },
            runners: runners,
            counters: groups,
            shutdownTimeout: surroundings.shutdownTimeout,
            logger: surroundings.logger
        )
    }

    private func logger(_ component: String) -> Logger {
        var logger = surroundings.logger
        logger[metadataKey: "component"] = "\(component)"
        return logger
    }

    /// Runs a maker; a fault becomes a diagnostic.
    private mutating func attempt<Made>(_ make: () throws(ConfigurationFault) -> Made) -> Made? {
        do throws(ConfigurationFault) {
            return try make()
        } catch {
            diagnostics.add(error.diagnostic)
            return nil
        }
    }

    private mutating func makeChannel(_ settings: ComponentSettings) {
        let counters = ChannelCounters(name: settings.name)
        let notes = NoteBox()
        let context = ChannelContext(
            settings: settings,
            counters: counters,
            admission: admission,
            defaultByteCapacity: surroundings.channelBytes,
            eventLoopGroup: surroundings.group,
            process: surroundings.process,
            directories: directories,
            logger: logger(settings.name),
            note: { notes.add($0) }
        )
        let registry = surroundings.registry
        let channel = attempt { () throws(ConfigurationFault) in try registry.makeChannel(context) }
        for note in notes.all { diagnostics.add(note) }
        guard let channel else { return }
        channels[settings.name] = channel
        groups.append(counters.group)
    }

    private mutating func makeSource(_ source: AgentConfiguration.Source) -> AgentService.NamedSource? {
        let counters = SourceCounters(name: source.name)
        let assembly = self
        let notes = NoteBox()
        let made = attempt { () throws(ConfigurationFault) -> (any Source, ChannelProcessor) in
            let processor = try assembly.makeProcessor(source, counters)
            let context = SourceContext(
                settings: source.settings,
                processor: processor,
                counters: counters,
                eventLoopGroup: assembly.surroundings.group,
                process: assembly.surroundings.process,
                logger: assembly.logger(source.name),
                note: { notes.add($0) }
            )
            return (try assembly.surroundings.registry.makeSource(context), processor)
        }
        for note in notes.all { diagnostics.add(note) }
        guard let (component, processor) = made else { return nil }
        if processor.acknowledgeMode == .delivered { noteDurableChannels(source) }
        groups.append(counters.group)
        return AgentService.NamedSource(
            name: source.name,
            source: component,
            processor: processor,
            counters: counters.group
        )
    }

    /// A channel that never gives events back cannot wait for its sinks either.
    private mutating func noteDurableChannels(_ source: AgentConfiguration.Source) {
        for name in source.channels where channels[name]?.isDurable == true {
            diagnostics.note(
                "`\(source.settings.fullKey(AcknowledgeKeys.mode.name))`: channel `\(name)` keeps events for good; its part of "
                    + "a delivery is done when they are stored",
                at: source.settings.location(of: AcknowledgeKeys.mode.name)
            )
        }
    }

    private func makeProcessor(
        _ source: AgentConfiguration.Source,
        _ counters: SourceCounters
    ) throws(ConfigurationFault) -> ChannelProcessor {
        let selection = try ReplicatingSelector.split(channels: source.channels, selector: source.selector)
        let required = selection.required.compactMap { channels[$0] }
        let optional = selection.optional.compactMap { channels[$0] }
        guard !(required.isEmpty && optional.isEmpty) else {
            throw ConfigurationFault(
                "source `\(source.name)` is left without a channel",
                location: source.settings.location
            )
        }
        var interceptors: [any Interceptor] = []
        for settings in source.interceptors { interceptors.append(try surroundings.registry.makeInterceptor(settings)) }
        return ChannelProcessor(
            interceptors: interceptors,
            required: required,
            optional: optional,
            admission: admission,
            mode: try AcknowledgeKeys.mode(of: source.settings),
            acknowledgeTimeout: try AcknowledgeKeys.timeout(of: source.settings),
            counters: counters.group,
            logger: logger(source.name)
        )
    }

    private mutating func makeRunners(_ configuration: AgentConfiguration) -> [SinkRunner] {
        let delivering = Set(
            configuration.sources
                .filter { (try? AcknowledgeKeys.mode(of: $0.settings)) == .delivered }
                .flatMap(\.channels)
                .filter { channels[$0]?.isDurable == false }
        )
        var runners: [SinkRunner] = []
        for sink in configuration.ungroupedSinks {
            runners += makeRunner(sink.channel, [sink], nil, delivering)
        }
        let sinks = Dictionary(configuration.sinks.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        for group in configuration.groups {
            let members = group.sinks.compactMap { sinks[$0] }
            // Members on different channels (legal in Flume) form one group for each channel.
            var byChannel: [(channel: String, members: [AgentConfiguration.Sink])] = []
            for member in members {
                if let index = byChannel.firstIndex(where: { $0.channel == member.channel }) {
                    byChannel[index].members.append(member)
                } else {
                    byChannel.append((member.channel, [member]))
                }
            }
            for (channel, members) in byChannel {
                runners += makeRunner(channel, members, group.processor, delivering)
            }
        }
        return runners
    }

    private mutating func makeRunner(
        _ channelName: String,
        _ sinks: [AgentConfiguration.Sink],
        _ processor: ComponentSettings?,
        _ delivering: Set<String>
    ) -> [SinkRunner] {
        guard let channel = channels[channelName] else { return [] }
        let registry = surroundings.registry
        let loop = surroundings.group.next()
        var members: [SinkRunner.Member] = []
        for sink in sinks {
            let counters = SinkCounters(name: sink.name)
            let notes = NoteBox()
            let context = SinkContext(
                settings: sink.settings,
                counters: counters,
                eventLoop: loop,
                deliversForCallers: delivering.contains(channelName),
                process: surroundings.process,
                logger: logger(sink.name),
                note: { notes.add($0) }
            )
            let made = attempt { () throws(ConfigurationFault) in try registry.makeSink(context) }
            for note in notes.all { diagnostics.add(note) }
            guard let made else { continue }
            groups.append(counters.group)
            members.append(SinkRunner.Member(name: sink.name, sink: made, counters: counters))
        }
        guard members.count == sinks.count || (isLenient && !members.isEmpty) else { return [] }
        var choice = SinkProcessor.single
        // A member that is left alone, by its channel or by a lenient start, is as one without a group.
        if let processor, members.count > 1 {
            let context = SinkProcessorContext(settings: processor, sinks: members.map(\.name))
            let made = attempt { () throws(ConfigurationFault) in try registry.makeSinkProcessor(context) }
            guard let made else { return [] }
            choice = made
        }
        let runner = SinkRunner(
            channel: channel,
            members: members,
            processor: choice,
            eventLoop: loop,
            logger: logger(sinks.map(\.name).joined(separator: ","))
        )
        return [runner]
    }
}
