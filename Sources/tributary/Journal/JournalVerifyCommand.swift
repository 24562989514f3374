import Agent
import ArgumentParser
import Journal

struct JournalVerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Read every frame: exit code 0 when all is as it was written, 1 when a place is damaged.",
        discussion: """
            With -f and -n the pending events of an encrypted channel are opened as well, which proves its keys.
            """
    )

    @OptionGroup var place: JournalPlace
    @Flag(name: .long, help: "Print JSON.") var json = false

    func run() throws {
        let found = try place.find()
        let journal = try found.open()
        let keys = try found.keys()
        let check = try JournalOutput.telling { () throws(JournalError) in
            guard let keys else { return try journal.check() }
            return try StoredEvents.forEach(in: journal, all: false, keys: keys) { (_, _) throws(JournalError) in }
        }
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
