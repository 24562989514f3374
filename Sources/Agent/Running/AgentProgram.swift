internal import Logging
internal import NIOCore
internal import NIOPosix
internal import ServiceLifecycle
internal import UnixSignals

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Runs one agent from properties files for the life of a process: what `tributary agent` does, for programs that bring
/// components of their own.
///
/// ```
/// var registry = ComponentRegistry.core
/// registry.register(sink: MySink.type) { context throws(ConfigurationFault) in try MySink(context) }
/// exit(await AgentProgram.run(arguments: Array(CommandLine.arguments.dropFirst()), registry: registry))
/// ```
public enum AgentProgram {
    /// Runs the agent that a command line in Flume's form names (see `Options.init(arguments:environment:)`).
    ///
    /// - Returns: what the process should exit with; see `run(_:registry:)`.
    public static func run(arguments: [String], registry: ComponentRegistry) async -> Int32 {
        do throws(ConfigurationFault) {
            return await run(try Options(arguments: arguments), registry: registry)
        } catch {
            StandardError.tell(error.description)
            return Diagnostic.faultExitCode
        }
    }

    /// Runs an agent until SIGTERM or SIGINT. What is remarked of its files goes to standard error, a line each; the log is
    /// swift-log's, as the program has set it up.
    ///
    /// - Returns: 0, or `Diagnostic.faultExitCode` (2) where the files forbid a start, `Diagnostic.environmentExitCode` (3)
    ///   where the machine does, 1 where acknowledged events were lost at the end.
    public static func run(_ options: Options, registry: ComponentRegistry) async -> Int32 {
        _ = signal(SIGPIPE, SIG_IGN)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: options.eventLoops)
        let code = await run(options, registry, on: group)
        try? await group.shutdownGracefully()
        return code
    }

    private static func run(
        _ options: Options,
        _ registry: ComponentRegistry,
        on group: MultiThreadedEventLoopGroup
    ) async -> Int32 {
        var diagnostics = Diagnostics()
        let monitoring = MonitoringSettings.parse(systemProperties: options.process.systemProperties)
        for note in monitoring.notes { options.tell(note) }
        guard let agent = make(options, registry, on: group, &diagnostics) else {
            return max(Diagnostic.faultExitCode, diagnostics.exitCode)
        }
        let server = MonitoringServer(
            group: group,
            groups: { agent.counters },
            notReady: { agent.reasonsNotReady }
        )
        if let settings = monitoring.settings { await start(server, settings, options.logger) }
        let code = await run(agent, options)
        await server.stop()
        return code
    }

    /// A monitoring server that cannot start is told; the agent runs on, as Flume's does.
    private static func start(_ server: MonitoringServer, _ settings: MonitoringSettings, _ logger: Logger) async {
        do throws(ComponentError) {
            let port = try await server.start(host: settings.host, port: settings.port)
            logger.info("monitoring server listens", metadata: ["port": "\(port)"])
        } catch {
            logger.error("no monitoring server", metadata: ["reason": "\(error.message)"])
        }
    }

    private static func run(_ agent: AgentService, _ options: Options) async -> Int32 {
        let services = ServiceGroup(
            configuration: .init(
                services: [.init(service: agent, successTerminationBehavior: .gracefullyShutdownGroup)],
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: options.logger
            )
        )
        do {
            try await services.run()
        } catch let error as ComponentError {
            options.tell(error.description, level: .error)
            return Diagnostic.environmentExitCode
        } catch {
            options.tell("\(error)", level: .error)
            return 1
        }
        return agent.lostEvents > 0 ? 1 : 0
    }

    private static func make(
        _ options: Options,
        _ registry: ComponentRegistry,
        on group: MultiThreadedEventLoopGroup,
        _ diagnostics: inout Diagnostics
    ) -> AgentService? {
        func tell(_ remarks: Diagnostics) {
            for remark in remarks.all { options.tell(remark) }
            diagnostics.append(remarks)
        }
        var files: [(path: String, bytes: [UInt8])] = []
        for path in options.files {
            do throws(ConfigurationFault) {
                files.append((path, try ConfigurationFile.contents(of: path)))
            } catch {
                var unreadable = Diagnostics()
                unreadable.add(error.diagnostic)
                tell(unreadable)
                return nil
            }
        }
        let outcome = ConfigurationLoader.load(
            files: files,
            agent: options.name,
            catalog: registry.catalog,
            systemProperties: options.process.systemProperties,
            environment: options.process.environment,
            lenient: options.isLenient,
            runProgram: FilterProgram.run
        )
        tell(outcome.diagnostics)
        guard let configuration = outcome.configuration else { return nil }
        var assembly = AgentAssembly(
            AgentAssembly.Surroundings(
                registry: registry,
                group: group,
                process: options.process,
                logger: options.logger,
                channelBytes: MemoryLimit.channelBytes(javaOptions: options.javaOptions),
                shutdownTimeout: options.shutdownTimeout
            ),
            lenient: options.isLenient
        )
        let agent = assembly.make(configuration)
        tell(assembly.diagnostics)
        return agent
    }
}
