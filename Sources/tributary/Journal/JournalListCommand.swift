import ArgumentParser
import Journal

struct JournalListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List the segments, with what is pending in them."
    )

    struct Output: Encodable {
        struct Segment: Encodable {
            let path: String
            let number: UInt64
            let first: UInt64
            let end: UInt64
            let pending: UInt64
            let bytes: Int
            let sealed: Bool
            let encrypted: Bool
        }

        let pending: UInt64
        let segments: [Segment]
    }

    @OptionGroup var place: JournalPlace
    @Flag(name: .long, help: "Print JSON.") var json = false

    func run() throws {
        let journal = try place.find().open()
        if json {
            let segments = journal.segments.map {
                Output.Segment(
                    path: $0.path,
                    number: $0.number,
                    first: $0.first,
                    end: $0.end,
                    pending: $0.pending,
                    bytes: $0.bytes,
                    sealed: $0.isSealed,
                    encrypted: $0.isEncrypted
                )
            }
            return try JournalOutput.json(Output(pending: journal.pendingItems, segments: segments))
        }
        let rows = journal.segments.map { segment in
            [
                "\(segment.first)", "\(segment.end)", "\(segment.pending)", "\(segment.bytes)",
                segment.isSealed ? "sealed" : "open", segment.isEncrypted ? "yes" : "no", segment.path,
            ]
        }
        print(JournalOutput.table([["FIRST", "END", "PENDING", "BYTES", "STATE", "ENCRYPTED", "SEGMENT"]] + rows))
        print("\(journal.segments.count) segments, \(journal.pendingItems) events pending")
    }
}
