import Agent
import ArgumentParser

@main
struct TributaryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tributary",
        abstract: "A native event collector that runs Apache Flume's agents.",
        version: Version.text,
        subcommands: [
            AgentCommand.self, AvroClientCommand.self, HealthCommand.self, JournalCommand.self, VersionCommand.self,
        ]
    )

    static func main() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        let isAgent = arguments.first == AgentCommand.configuration.commandName
        let names = isAgent ? AgentCommand.longNames : AvroClientCommand.longNames
        do {
            var command = try parseAsRoot(FlumeArguments.translate(arguments, longNames: names))
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            exit(withError: error)
        }
    }
}

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Print the version.")

    func run() {
        print("Tributary \(Version.text)")
        print("Runs the agents of Apache Flume 1.11")
    }
}

enum Version {
    static let text = "0.1.0"
}
