import Agent
import ArgumentParser
import Foundation
import Logging

struct AgentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent",
        abstract: "Run an agent from Flume's properties files."
    )

    static let longNames = [
        "name", "conf", "conf-file", "conf-uri", "no-reload-conf", "poll-interval", "backup-directory", "zkConnString",
        "zkBasePath", "conf-provider", "auth-provider", "conf-user", "conf-password", "help", "lenient", "strict",
        "flume",
    ]

    @Option(name: [.short, .long], help: "The agent's name in the file.")
    var name: String

    @Option(name: [.customShort("f"), .long], help: "A properties file; may be given more than once.")
    var confFile: [String] = []

    @Option(name: [.customShort("u"), .long], help: "A properties file as a URI, file:…; may be given more than once.")
    var confUri: [String] = []

    @Option(name: [.short, .long], help: "Flume's configuration folder; bin/flume-ng reads flume-env.sh in it.")
    var conf: String?

    @OptionGroup(visibility: .hidden)
    var elsewhere: ConfigurationElsewhere

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
        let process = ProcessSettings(
            systemProperties: SystemProperties.parse(defines),
            environment: ProcessInfo.processInfo.environment
        )
        let log = LogSettings.parse(systemProperties: process.systemProperties, default: flume ? .file : .console)
        let system = LogSystem(log.settings)
        LoggingSystem.bootstrap { system.handler(label: $0) }

        var options = AgentProgram.Options(name: name, files: confFile, process: process)
        options.javaOptions = javaOptions
        options.isLenient = lenient && !strict
        options.logger = Logger(label: "agent")
        options.logsRemarks = !log.settings.console
        for note in log.notes { options.logger.warning("\(note)") }
        do throws(ConfigurationFault) {
            options.files += try elsewhere.files(of: confUri)
            if options.files.isEmpty { throw ConfigurationFault("no configuration is given", advice: "use -f FILE") }
        } catch {
            options.tell(error.diagnostic)
            throw ExitCode(Diagnostic.faultExitCode)
        }
        let code = await AgentProgram.run(options, registry: Components.registry)
        if code != 0 { throw ExitCode(code) }
    }
}
