import Agent
import ArgumentParser

@main
struct TributaryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tributary",
        abstract: "A native event collector that runs Apache Flume's agents.",
        version: Version.text,
        subcommands: [AgentCommand.self, VersionCommand.self]
    )

    static func main() async {
        let arguments = FlumeArguments.translate(
            Array(CommandLine.arguments.dropFirst()),
            longNames: AgentCommand.longNames
        )
        do {
            var command = try parseAsRoot(arguments)
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
    }
}

enum Version {
    static let text = "0.1.0"
}
