import Agent
import ArgumentParser
import Collector
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

    @Option(name: .customLong("define"), help: ArgumentHelp("A system property, key=value (-Dkey=value).", visibility: .default))
    var defines: [String] = []

    @Option(name: .customLong("java-option"), help: .hidden)
    var javaOptions: [String] = []

    @Flag(name: .long, help: "Read the configuration once.")
    var noReloadConf = false

    @Flag(name: .long, help: "As Flume: a component with a fault is dropped, the rest runs.")
    var lenient = false

    func run() async throws {
        var properties: [String: String] = [:]
        for define in defines {
            let parts = define.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            properties[String(parts[0])] = parts.count > 1 ? String(parts[1]) : ""
        }
        let process = ProcessSettings(systemProperties: properties, environment: ProcessInfo.processInfo.environment)
        signal(SIGPIPE, SIG_IGN)
        LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
        let logger = Logger(label: "tributary")

        var registry = ComponentRegistry.core
        registry.registerCollector()
        var files: [(path: String, bytes: [UInt8])] = []
        for path in confFile {
            do {
                files.append((path, try ConfigurationFile.contents(of: path)))
            } catch {
                say(error.description)
                throw ExitCode(2)
            }
        }
        let outcome = ConfigurationLoader.load(
            files: files,
            agent: name,
            catalog: registry.catalog,
            systemProperties: properties,
            environment: process.environment,
            lenient: lenient
        )
        for diagnostic in outcome.diagnostics.all { say(diagnostic.description) }
        guard let configuration = outcome.configuration else { throw ExitCode(2) }

        let threads = Int(properties["tributary.event-loops"] ?? "") ?? EventLoops.count(cores: System.coreCount)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: max(1, threads))
        var assembly = AgentAssembly(
            AgentAssembly.Surroundings(
                registry: registry,
                group: group,
                process: process,
                logger: logger,
                channelBytes: MemoryLimit.channelBytes(javaOptions: javaOptions),
                shutdownTimeout: .seconds(8)
            ),
            lenient: lenient
        )
        let agent = assembly.make(configuration)
        for diagnostic in assembly.diagnostics.all { say(diagnostic.description) }
        guard let agent else { throw ExitCode(2) }

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
            say(error.description)
            throw ExitCode(3)
        }
        try await group.shutdownGracefully()
        if agent.lostEvents > 0 { throw ExitCode(1) }
    }

    private func say(_ line: String) {
        FileHandle.standardError.write(Data((line + "\n").utf8))
    }
}
