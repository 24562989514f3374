import Agent
import ArgumentParser
import Events
import Journal
import NIOCore

struct JournalExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write the pending events to standard output; the directories stay as they are."
    )

    enum Format: String, CaseIterable, ExpressibleByArgument {
        case json, avro
    }

    @OptionGroup var place: JournalPlace
    @Flag(name: .long, help: "Also those that are delivered already and still in the files.") var all = false
    @Option(
        name: .long,
        help: """
            json: one event a line, with its sequence; avro: an Avro container file, as Flume's serializer avro_event \
            writes.
            """
    )
    var format = Format.json

    func run() throws {
        let found = try place.find()
        let (journal, keys) = (try found.open(), try found.keys())
        let check = try JournalOutput.telling { () throws(JournalError) in
            switch format {
            case .json: try writeLines(journal, keys)
            case .avro: try writeContainer(journal, keys)
            }
        }
        for damage in check.damages where damage.matters { JournalOutput.complain(damage.line) }
        if !check.isClean { throw ExitCode(1) }
    }

    private func writeLines(_ journal: JournalAtRest, _ keys: StoredKeys?) throws(JournalError) -> JournalCheck {
        let output = try StandardOutput()
        let lines = EventLines(output)
        let check = try StoredEvents.forEach(in: journal, all: all, keys: keys) {
            (sequence, event) throws(JournalError) in
            try lines.append(sequence, event)
        }
        try output.close()
        return check
    }

    private func writeContainer(_ journal: JournalAtRest, _ keys: StoredKeys?) throws(JournalError) -> JournalCheck {
        let output = try StandardOutput()
        // No event is larger than the file that it stands in.
        let largest = journal.segments.map(\.bytes).max() ?? 0
        // Made with the first event: where a key is missing nothing is written.
        var container: AvroContainer?
        let check = try StoredEvents.forEach(in: journal, all: all, keys: keys) { (_, event) throws(JournalError) in
            if container == nil { container = try AvroContainer(output, largest: largest) }
            try container?.append(event)
        }
        if container == nil { container = try AvroContainer(output, largest: largest) }
        try container?.close()
        try output.close()
        return check
    }
}
