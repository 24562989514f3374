import ArgumentParser
import Foundation
import Journal

/// What the commands on a journal print.
enum JournalOutput {
    /// Runs `body`; an error goes to standard error, and ends the command with 2.
    static func telling<Value, Failure: Error>(_ body: () throws(Failure) -> Value) throws(ExitCode) -> Value {
        do throws(Failure) {
            return try body()
        } catch {
            complain("tributary journal: \(error)")
            throw ExitCode(2)
        }
    }

    static func complain(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }

    static func json(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        print(String(decoding: try encoder.encode(value), as: UTF8.self))
    }

    /// Rows under their titles; numbers stand right, the last column left.
    static func table(_ rows: [[String]]) -> String {
        let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            row.indices.map { column in
                let pad = String(repeating: " ", count: widths[column] - row[column].count)
                return column == row.count - 1 ? row[column] : pad + row[column]
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }
}

/// A check in JSON.
struct JournalCheckOutput: Encodable {
    struct Damage: Encodable {
        let kind: String
        let path: String
        let offset: Int
        let length: Int
        let items: UInt64
        let reason: String
    }

    let clean: Bool
    let frames: Int
    let items: UInt64
    let lostItems: UInt64
    let damages: [Damage]

    init(_ check: JournalCheck) {
        clean = check.isClean
        frames = check.frames
        items = check.items
        lostItems = check.lostItems
        damages = check.damages.map {
            Damage(
                kind: $0.kind.rawValue,
                path: $0.path,
                offset: $0.bytes.lowerBound,
                length: $0.bytes.count,
                items: $0.items,
                reason: $0.reason
            )
        }
    }
}

extension JournalDamage {
    /// One line: the place, what it costs, why.
    var line: String {
        let place = bytes.isEmpty ? path : "\(path):\(bytes.lowerBound)"
        let cost =
            switch kind {
            case .items: "\(items) events lost"
            case .structure: "no event lost"
            case .done: "nothing that is wanted"
            }
        return "\(place): \(reason) (\(cost))"
    }
}
