import Agent
import ArgumentParser
import Events
import Foundation
import Journal
import NIOCore

struct JournalExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Print the pending events as JSON, one a line; the directories stay as they are."
    )

    /// A body that is not UTF-8 stands as `bodyBase64`.
    struct Line: Encodable {
        let sequence: UInt64
        let headers: [String: String]
        let body: String?
        let bodyBase64: String?

        init(_ sequence: UInt64, _ event: Event) {
            self.sequence = sequence
            headers = event.headers
            let bytes = Data(event.body.readableBytesView)
            body = String(data: bytes, encoding: .utf8)
            bodyBase64 = body == nil ? bytes.base64EncodedString() : nil
        }
    }

    @OptionGroup var directories: JournalDirectories
    @Flag(name: .long, help: "Also those that are delivered already and still in the files.") var all = false

    func run() throws {
        let journal = try directories.open()
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let all = all
        let check = try JournalOutput.telling { () throws(JournalError) in
            try StoredEvents.forEach(in: journal, all: all) { sequence, event in
                guard let line = try? encoder.encode(Line(sequence, event)) else { return }
                FileHandle.standardOutput.write(line + Data("\n".utf8))
            }
        }
        for damage in check.damages where damage.matters { JournalOutput.complain(damage.line) }
        if !check.isClean { throw ExitCode(1) }
    }
}
