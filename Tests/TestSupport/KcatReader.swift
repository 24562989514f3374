import Foundation

/// Reads a topic with kcat: a consumer that shares no code with what is tested but librdkafka.
package enum KcatReader {
    /// One record as kcat shows it (`-J`).
    package struct Record: Sendable {
        package let partition: Int
        package let offset: Int
        /// Milliseconds since 1970.
        package let timestamp: Int
        package let key: String?
        package let payload: String?
        /// In order; a header without a value has an empty one here.
        package let headers: [(name: String, value: String)]
    }

    package static let program: String? = ["/usr/bin/kcat", "/usr/local/bin/kcat", "/opt/homebrew/bin/kcat"]
        .first { FileManager.default.isExecutableFile(atPath: $0) }

    /// Every record of a topic, by partition and offset.
    package static func read(_ topic: String, from bootstrap: String) async throws -> [Record] {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(with: Result { try readNow(topic, from: bootstrap) })
            }
        }
    }

    private static func readNow(_ topic: String, from bootstrap: String) throws -> [Record] {
        guard let program else { throw Broker.Failure(description: "kcat is not installed") }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = [
            "-C", "-b", bootstrap, "-t", topic, "-J", "-e", "-q", "-o", "beginning",
            "-X", "receive.message.max.bytes=1000000000",
        ]
        let output = Pipe()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Broker.Failure(description: "kcat ended with \(process.terminationStatus) on topic \(topic)")
        }
        let records = try data.split(separator: UInt8(ascii: "\n")).map { try record(Data($0)) }
        return records.sorted { ($0.partition, $0.offset) < ($1.partition, $1.offset) }
    }

    private static func record(_ line: Data) throws -> Record {
        guard let object = try JSONSerialization.jsonObject(with: line) as? [String: Any],
            let partition = object["partition"] as? Int, let offset = object["offset"] as? Int
        else { throw Broker.Failure(description: "kcat wrote no record: \(String(decoding: line, as: UTF8.self))") }
        let words = (object["headers"] as? [Any] ?? []).map { $0 as? String ?? "" }
        return Record(
            partition: partition,
            offset: offset,
            timestamp: object["ts"] as? Int ?? -1,
            key: object["key"] as? String,
            payload: object["payload"] as? String,
            headers: stride(from: 0, to: words.count - 1, by: 2).map { (words[$0], words[$0 + 1]) }
        )
    }
}
