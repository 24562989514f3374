import Events
import Foundation
import Journal
import NIOCore

/// Events as JSON, one a line. A body that is not UTF-8 stands as `bodyBase64`.
struct EventLines {
    private struct Line: Encodable {
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

    private let output: StandardOutput
    private let encoder = JSONEncoder()

    init(_ output: StandardOutput) {
        self.output = output
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    }

    /// - Parameter event: a batch of one.
    func append(_ sequence: UInt64, _ event: EventBatch) throws(JournalError) {
        let line: Data
        do {
            line = try encoder.encode(Line(sequence, event.event(at: 0)))
        } catch {
            throw JournalError(.unusable, "event \(sequence) has no form in JSON: \(error)")
        }
        try output.write(line + Data("\n".utf8))
    }
}
