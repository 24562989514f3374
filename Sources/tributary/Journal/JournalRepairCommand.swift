import ArgumentParser
import Journal

struct JournalRepairCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repair",
        abstract: "Copy damaged places to checkpointDir/quarantine and go on without them."
    )

    @OptionGroup var place: JournalPlace
    @Flag(name: .long, help: "Print JSON.") var json = false

    func run() throws {
        let found = try place.find()
        let check = try JournalOutput.telling { () throws(JournalError) in
            try JournalRepair.run(checkpointDirectory: found.checkpoint, dataDirectories: found.data)
        }
        if json { return try JournalOutput.json(JournalCheckOutput(check)) }
        let places = check.damages.filter(\.matters)
        for damage in places { print(damage.line) }
        print("\(places.count) places repaired, \(check.lostItems) events taken away")
    }
}
