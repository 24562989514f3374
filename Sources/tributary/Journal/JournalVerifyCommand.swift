import ArgumentParser
import Journal

struct JournalVerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Read every frame: exit code 0 when all is as it was written, 1 when a place is damaged."
    )

    @OptionGroup var directories: JournalDirectories
    @Flag(name: .long, help: "Print JSON.") var json = false

    func run() throws {
        let journal = try directories.open()
        let check = try JournalOutput.telling { () throws(JournalError) in try journal.check() }
        if json {
            try JournalOutput.json(JournalCheckOutput(check))
        } else {
            for damage in check.damages { print(damage.line) }
            let places = check.damages.count(where: \.matters)
            print(
                "\(check.frames) frames with \(check.items) events are sound; "
                    + "\(places) places damaged, \(check.lostItems) events lost"
            )
        }
        if !check.isClean { throw ExitCode(1) }
    }
}
