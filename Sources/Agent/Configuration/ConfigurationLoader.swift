/// From the bytes of properties files to a checked agent. Pure: all that it knows is passed in.
package enum ConfigurationLoader {
    /// Runs a program and gives its exit status and standard output; for the config filter `external`.
    package typealias RunProgram = @Sendable (_ arguments: [String]) -> (status: Int32, output: [UInt8])

    package struct Outcome: Sendable {
        /// Nil when the agent must not, or cannot, start.
        package let configuration: AgentConfiguration?
        /// In the order of files and lines.
        package let diagnostics: Diagnostics
    }

    /// - Parameters:
    ///   - files: merged in this order; a later value of a key counts.
    ///   - agent: the name of the agent to start. Faults of the others are notes.
    ///   - lenient: as Flume: a component with a fault is dropped, with what hangs on it, and the rest runs.
    ///   - runProgram: for the config filter `external`; nil where no program may be run.
    package static func load(
        files: [(path: String, bytes: [UInt8])],
        agent: String,
        catalog: TypeCatalog,
        systemProperties: [String: String] = [:],
        environment: [String: String] = [:],
        lenient: Bool = false,
        runProgram: RunProgram? = nil,
        now: CalendarTime = .now()
    ) -> Outcome {
        var diagnostics = Diagnostics()
        let configuration = load(
            files: readable(files, diagnostics: &diagnostics),
            agent: agent,
            catalog: catalog,
            lookups: Substitution.Lookups(systemProperties: systemProperties, environment: environment, now: now),
            lenient: lenient,
            runProgram: runProgram,
            diagnostics: &diagnostics
        )
        let sorted = diagnostics.sorted(files: files.map(\.path))
        guard var configuration, lenient || !sorted.hasFault else {
            return Outcome(configuration: nil, diagnostics: sorted)
        }
        configuration.notes = sorted.notes
        return Outcome(configuration: configuration, diagnostics: sorted)
    }

    private static func load(
        files: [(path: String, bytes: [UInt8])],
        agent: String,
        catalog: TypeCatalog,
        lookups: Substitution.Lookups,
        lenient: Bool,
        runProgram: RunProgram?,
        diagnostics: inout Diagnostics
    ) -> AgentConfiguration? {
        guard let charset = charset(lookups.systemProperties, diagnostics: &diagnostics) else { return nil }
        var lexical = Diagnostics()
        var properties = PropertiesReader.read(files: files, charset: charset, diagnostics: &lexical)
        diagnostics.append(lexical)
        let referenced = Substitution.resolve(&properties, lookups: lookups, diagnostics: &diagnostics)
        let raw = RawConfiguration(properties, referenced: referenced, diagnostics: &diagnostics)
        noteOthers(
            raw,
            agent: agent,
            catalog: catalog,
            lookups: lookups,
            referenced: referenced,
            diagnostics: &diagnostics
        )
        guard let rawAgent = raw.agents[agent] else {
            faultMissing(agent, raw, files: files.map(\.path), diagnostics: &diagnostics)
            return nil
        }
        var validator = AgentValidator(rawAgent, catalog: catalog, isLenient: lenient)
        let filters = FilterContext(environment: lookups.environment, run: runProgram, isActive: true)
        let configuration = validator.validate(filters: filters)
        diagnostics.append(validator.diagnostics)
        // Flume reads nothing of a file with a bad escape, and a value that is missing may be the one that matters.
        return lexical.hasFault ? nil : configuration
    }

    private static func charset(
        _ systemProperties: [String: String],
        diagnostics: inout Diagnostics
    ) -> PropertiesReader.Charset? {
        guard let name = systemProperties[PropertiesReader.charsetProperty] else { return .latin1 }
        switch name.lowercased() {
        case "utf-8", "utf8": return .utf8
        case "iso-8859-1", "latin1", "iso8859_1": return .latin1
        default:
            diagnostics.fault(
                "`-D\(PropertiesReader.charsetProperty)=\(name)`: no such charset",
                at: nil,
                advice: "use UTF-8 or ISO-8859-1"
            )
            return nil
        }
    }

    /// Flume takes what follows the first dot of a path as the kind of file and skips three of them.
    private static func readable(
        _ files: [(path: String, bytes: [UInt8])],
        diagnostics: inout Diagnostics
    ) -> [(path: String, bytes: [UInt8])] {
        files.filter { file in
            guard let dot = file.path.firstIndex(of: ".") else { return true }
            let kind = file.path[file.path.index(after: dot)...].lowercased()
            guard ["json", "yaml", "xml"].contains(kind) else { return true }
            diagnostics.fault(
                "\(kind) files are not read, as in Flume",
                at: SourceLocation(file: file.path, line: 1, column: 1),
                advice: "write properties: `agent.sources.NAME.KEY = VALUE`"
            )
            return false
        }
    }

    private static func faultMissing(
        _ agent: String,
        _ raw: RawConfiguration,
        files: [String],
        diagnostics: inout Diagnostics
    ) {
        let real = raw.names.filter { raw.agents[$0]?.hasLists ?? false }
        let known = real.prefix(10).map { "`\($0)`" }.joined(separator: ", ")
        let advice =
            NearestName.nearest(to: agent, among: real.prefix(1000)).map { "did you mean `\($0)`?" }
            ?? (real.isEmpty ? "no agent is in it" : "the agents are \(known)")
        diagnostics.fault(
            "no agent is named `\(agent)`",
            at: files.first.map { SourceLocation(file: $0, line: 1, column: 1) },
            advice: advice
        )
    }

    /// The agents that are not started: all that is wrong with them is worth a note.
    private static func noteOthers(
        _ raw: RawConfiguration,
        agent: String,
        catalog: TypeCatalog,
        lookups: Substitution.Lookups,
        referenced: Set<String>,
        diagnostics: inout Diagnostics
    ) {
        var hints = Hints()
        for name in raw.names where name != agent {
            guard let other = raw.agents[name] else { continue }
            guard other.hasLists else {
                // Settings under a name that lists nothing: variables for others, or a mistyped agent.
                if other.components.isEmpty, other.diagnostics.all.isEmpty { continue }
                diagnostics.note(
                    "`\(name)` lists no sources, channels or sinks: it is no agent",
                    at: other.location,
                    advice: hints.advice(for: name, among: [agent])
                )
                continue
            }
            var validator = AgentValidator(other, catalog: catalog, isLenient: false)
            _ = validator.validate(filters: FilterContext(environment: [:], run: nil, isActive: false))
            for diagnostic in validator.diagnostics.all {
                diagnostics.add(diagnostic.demoted(because: "agent `\(name)` is not started"))
            }
        }
    }
}
