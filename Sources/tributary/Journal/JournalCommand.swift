import Agent
import ArgumentParser
import Foundation
import Journal

/// Looks into the directories of a file channel while no agent runs it.
struct JournalCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "journal",
        abstract: "Look into a file channel's directories while no agent runs it, and repair them.",
        subcommands: [
            JournalListCommand.self, JournalVerifyCommand.self, JournalRepairCommand.self, JournalExportCommand.self,
        ]
    )
}

/// Which directories.
struct JournalDirectories: ParsableArguments {
    @Argument(help: "The channel's checkpointDir, then its dataDirs.")
    var directories: [String]

    func validate() throws {
        if directories.count < 2 { throw ValidationError("give the checkpointDir, then one dataDir or more") }
    }

    var checkpoint: String { directories[0] }
    var data: [String] { Array(directories.dropFirst()) }

    func open() throws(ExitCode) -> JournalAtRest {
        try JournalOutput.telling { () throws(JournalError) in
            try JournalAtRest(checkpointDirectory: checkpoint, dataDirectories: data)
        }
    }
}
