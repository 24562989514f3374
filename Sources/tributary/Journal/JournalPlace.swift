import Agent
import ArgumentParser
import Foundation
import Journal

/// Which queue: its directories, or the channel of an agent's file, which has the keys too.
struct JournalPlace: ParsableArguments {
    @Argument(help: "The channel's checkpointDir, then its dataDirs; or -f and -n in their place.")
    var directories: [String] = []

    @Option(
        name: [.customShort("f"), .long],
        help: "The properties file of the agent, which has the directories and the keys; may be given more than once."
    )
    var confFile: [String] = []

    @Option(name: [.short, .long], help: "The agent's name in the file.")
    var name: String?

    @Option(name: .long, help: "The channel, where the agent has several that keep events on disk.")
    var channel: String?

    @Option(name: .customLong("define"), help: .hidden)
    var defines: [String] = []

    func validate() throws {
        if confFile.isEmpty {
            if directories.count < 2 {
                throw ValidationError("give the checkpointDir, then one dataDir or more; or -f and -n")
            }
            if name != nil || channel != nil { throw ValidationError("-n and --channel need -f FILE") }
        } else {
            if name == nil { throw ValidationError("-f needs -n, the agent's name in the file") }
            if !directories.isEmpty {
                throw ValidationError("the directories stand in the file: give -f or directories")
            }
        }
    }

    func find() throws(ExitCode) -> Found {
        guard let name else {
            return Found(checkpoint: directories[0], data: Array(directories.dropFirst()), channel: nil)
        }
        let place = StoredChannel.Place(files: confFile, agent: name, channel: channel)
        let process = ProcessSettings(
            systemProperties: SystemProperties.parse(defines),
            environment: ProcessInfo.processInfo.environment
        )
        let found = try JournalOutput.telling { () throws(ConfigurationFault) in
            try StoredChannel.find(place, catalog: Components.registry.catalog, process: process) {
                JournalOutput.complain("\($0)")
            }
        }
        return Found(checkpoint: found.checkpointDirectory, data: found.dataDirectories, channel: found)
    }

    struct Found {
        let checkpoint: String
        let data: [String]
        fileprivate let channel: StoredChannel?

        func open() throws(ExitCode) -> JournalAtRest {
            try JournalOutput.telling { () throws(JournalError) in
                try JournalAtRest(checkpointDirectory: checkpoint, dataDirectories: data)
            }
        }

        /// `nil` where no file is given or the channel is not encrypted.
        func keys() throws(ExitCode) -> StoredKeys? {
            try JournalOutput.telling { () throws(ConfigurationFault) in try channel?.keys() }
        }
    }
}
