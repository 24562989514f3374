import Agent
import ArgumentParser
import Foundation
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import UnixSignals

struct AgentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent",
        abstract: "Run an agent from Flume's properties files."
    )

    static let longNames = [
        "name", "conf", "conf-file", "conf-uri", "no-reload-conf", "poll-interval", "backup-directory", "help",
        "lenient", "strict", "flume",
    ]

    @Option(name: [.short, .long], help: "The agent's name in the file.")
    var name: String

    @Option(name: [.customShort("f"), .long], help: "A properties file; may be given more than once.")
    var confFile: [String] = []

    @Option(name: [.short, .long], help: "Flume's configuration folder.")
    var conf: String?

    @Option(
        name: .customLong("define"),
        help: ArgumentHelp("A system property, key=value (-Dkey=value).", visibility: .default)
    )
    var defines: [String] = []

    @Option(name: .customLong("java-option"), help: .hidden)
    var javaOptions: [String] = []

    @Flag(name: .long, help: "Read the configuration once.")
    var noReloadConf = false

    @Flag(name: .long, help: "As Flume: a component with a fault is dropped, the rest runs.")
    var lenient = false

    @Flag(
        name: .customLong("flume"),
        help: ArgumentHelp("Log to logs/flume.log, as flume-ng does.", visibility: .default)
    )
    var flume = false

    @Flag(name: .customLong("strict"), help: "Any fault in the file keeps the agent from starting (the default here).")
    var strict = false

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        let properties = SystemProperties.parse(defines)
        let process = ProcessSettings(systemProperties: properties, environment: ProcessInfo.processInfo.environment)
        let (logSettings, logNotes) = LogSettings.parse(systemProperties: properties, default: flume ? .file : .console)
        let logSystem = LogSystem(logSettings)
        LoggingSystem.bootstrap { logSystem.handler(label: $0) }
        let logger = Logger(label: "agent")
        let teller = DiagnosticTeller(logger: logger, alsoPrints: !logSettings.console)
        let monitoring = MonitoringSettings.parse(systemProperties: properties)
        for note in logNotes + monitoring.notes { teller.tell(note) }

        let registry = Components.registry
        let configuration = try configuration(registry, process, teller)
        let threads =
            properties["tributary.event-loops"].flatMap { Int($0) } ?? EventLoops.count(cores: System.coreCount)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: max(1, threads))
        var assembly = AgentAssembly(
            AgentAssembly.Surroundings(
                registry: registry,
                group: group,
                process: process,
                logger: logger,
                channelBytes: MemoryLimit.channelBytes(javaOptions: javaOptions),
                shutdownTimeout: .seconds(Int64(properties["tributary.shutdown-timeout"] ?? "") ?? 8)
            ),
            lenient: lenient && !strict
        )
        let made = assembly.make(configuration)
        for diagnostic in assembly.diagnostics.all { teller.tell(diagnostic) }
        guard let agent = made else { throw ExitCode(Diagnostic.faultExitCode) }

        let server = MonitoringServer(
            group: group,
            groups: { agent.counters },
            notReady: { agent.reasonsNotReady }
        )
        if let settings = monitoring.settings {
            do throws(ComponentError) {
                let port = try await server.start(host: settings.host, port: settings.port)
                logger.info("monitoring", metadata: ["port": "\(port)"])
            } catch {
                logger.error("no monitoring server", metadata: ["reason": "\(error.message)"])
            }
        }
        try await run(agent, teller, logger)
        await server.stop()
        try await group.shutdownGracefully()
        if agent.lostEvents > 0 { throw ExitCode(1) }
    }

    private func configuration(
        _ registry: ComponentRegistry,
        _ process: ProcessSettings,
        _ teller: DiagnosticTeller
    ) throws -> AgentConfiguration {
        var files: [(path: String, bytes: [UInt8])] = []
        for path in confFile {
            do throws(ConfigurationFault) {
                files.append((path, try ConfigurationFile.contents(of: path)))
            } catch {
                teller.tell(error.diagnostic)
                throw ExitCode(Diagnostic.faultExitCode)
            }
        }
        let outcome = ConfigurationLoader.load(
            files: files,
            agent: name,
            catalog: registry.catalog,
            systemProperties: process.systemProperties,
            environment: process.environment,
            lenient: lenient && !strict
        )
        for diagnostic in outcome.diagnostics.all { teller.tell(diagnostic) }
        guard let configuration = outcome.configuration else { throw ExitCode(Diagnostic.faultExitCode) }
        return configuration
    }

    private func run(_ agent: AgentService, _ teller: DiagnosticTeller, _ logger: Logger) async throws {
        let services = ServiceGroup(
            configuration: .init(
                services: [.init(service: agent, successTerminationBehavior: .gracefullyShutdownGroup)],
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: logger
            )
        )
        do {
            try await services.run()
        } catch let error as ComponentError {
            teller.tell(error.description)
            throw ExitCode(Diagnostic.environmentExitCode)
        }
    }
}
