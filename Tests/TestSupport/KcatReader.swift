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

    package static let program = Tools.find("kcat")

    /// Every record of a topic, by partition and offset.
    ///
    /// - Parameter properties: librdkafka's, for TLS and SASL.
    package static func read(
        _ topic: String,
        from bootstrap: String,
        _ properties: [String: String] = [:]
    ) async throws -> [Record] {
        let lines = try await run(
            ["-C", "-b", bootstrap, "-t", topic, "-J", "-e", "-q", "-o", "beginning"],
            properties.merging(["receive.message.max.bytes": "1000000000"]) { $1 }
        )
        return try lines.map { try record(Data($0)) }.sorted { ($0.partition, $0.offset) < ($1.partition, $1.offset) }
    }

    /// The bytes of each record's key and value in a topic of one partition, in order; −1 for none.
    package static func lengths(_ topic: String, from bootstrap: String) async throws -> [[String]] {
        try await run(
            ["-C", "-b", bootstrap, "-t", topic, "-f", "%K %S\\n", "-e", "-q", "-o", "beginning"],
            ["receive.message.max.bytes": "1000000000"]
        ).map { String(decoding: $0, as: UTF8.self).split(separator: " ").map(String.init) }
    }

    /// The numbers of a cluster's nodes.
    package static func nodes(of bootstrap: String) async throws -> [Int] {
        let lines = try await run(["-L", "-J", "-b", bootstrap], [:])
        let object = try lines.first.map { try JSONSerialization.jsonObject(with: $0) } as? [String: Any]
        return (object?["brokers"] as? [[String: Any]] ?? []).compactMap { $0["id"] as? Int }.sorted()
    }

    private static func run(_ arguments: [String], _ properties: [String: String]) async throws -> [Data] {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(with: Result { try runNow(arguments, properties) })
            }
        }
    }

    /// The lines that it writes.
    private static func runNow(_ arguments: [String], _ properties: [String: String]) throws -> [Data] {
        guard let program else { throw Broker.Failure(description: "kcat is not installed") }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments + properties.flatMap { ["-X", "\($0.key)=\($0.value)"] }
        let output = Pipe()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            let words = arguments.joined(separator: " ")
            throw Broker.Failure(description: "kcat \(words) ended with \(process.terminationStatus)")
        }
        return data.split(separator: UInt8(ascii: "\n")).map { Data($0) }
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
