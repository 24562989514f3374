import ArgumentParser

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
