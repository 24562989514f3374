/// A checked agent: everything in it can be made, every name in it leads somewhere.
package struct AgentConfiguration: Sendable {
    package struct Source: Sendable {
        package let settings: ComponentSettings
        /// As listed; none twice.
        package let channels: [String]
        package let selector: ComponentSettings
        /// In the order in which they run.
        package let interceptors: [ComponentSettings]

        package var name: String { settings.name }
    }

    package struct Sink: Sendable {
        package let settings: ComponentSettings
        package let channel: String

        package var name: String { settings.name }
    }

    package struct SinkGroup: Sendable {
        /// Those of the group itself.
        package let settings: ComponentSettings
        /// As listed; none twice, none in two groups.
        package let sinks: [String]
        /// The processor's type and its keys without `processor.`. A failover processor finds a distinct number under
        /// `priority.SINK` for every member.
        package let processor: ComponentSettings

        package var name: String { settings.name }
    }

    package let name: String
    package let channels: [ComponentSettings]
    package let sources: [Source]
    package let sinks: [Sink]
    package let groups: [SinkGroup]
    /// All that was remarked and did not keep the agent from starting.
    package internal(set) var notes: [Diagnostic] = []

    /// The sinks that run alone.
    package var ungroupedSinks: [Sink] {
        let grouped = Set(groups.flatMap(\.sinks))
        return sinks.filter { !grouped.contains($0.name) }
    }
}
