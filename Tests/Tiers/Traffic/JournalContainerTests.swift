import Events
import Foundation
import NIOCore
import TestSupport
import Testing

extension AllTiers.Traffic {
    /// `tributary journal export --format avro`, read back by libavro's own reader.
    @Suite struct JournalContainerTests {
        private static func bytes(_ count: Int, _ generator: inout SeededGenerator) -> ByteBuffer {
            ByteBuffer(bytes: (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) })
        }

        private static func events() -> [Event] {
            var generator = SeededGenerator.announced("JournalContainerTests")
            var events = [
                Event(body: ""), Event(headers: ["only": "headers"], body: ""),
                Event(headers: ["empty": "", "": "empty"], body: "text"),
                Event(headers: ["ключ": "значение", "host": "wéb"], body: "grüße 日本"),
                Event(body: ByteBuffer(bytes: [0xFF, 0xFE, 0x00, 0xC3, 0x28, 0x80])),
                Event(headers: ["large": "body"], body: bytes(1 << 20, &generator)),
                // Larger than a block of the file is otherwise.
                Event(headers: ["larger": "body"], body: bytes(3 << 20, &generator)),
                Event(headers: ["long": String(repeating: "ü", count: 40_000)], body: "long header"),
            ]
            for number in 0..<2_000 {
                let count = Int.random(in: 0...900, using: &generator)
                events.append(Event(headers: ["n": "\(number)"], body: bytes(count, &generator)))
            }
            return events
        }

        @Test func eventByEvent() async throws {
            try await Workspace.use { space in
                let events = Self.events()
                let batches = stride(from: 0, to: events.count, by: 100).map { Array(events[$0...].prefix(100)) }
                let queue = try await StoredQueue.fill(space, batches)
                let export = try await queue.journal(["export", "--format", "avro"] + queue.directories)
                #expect(export.end == .exited(0), "\(export.program.errors)")
                let schema = try AvroContainerReader.schema(of: export.path)
                #expect(schema.contains(#""name":"Event""#), "\(schema)")
                let read = try AvroContainerReader.events(of: export.path)
                #expect(read.count == events.count)
                for (index, (read, event)) in zip(read, events).enumerated() where read != event {
                    Issue.record("event \(index): headers \(read.headers.keys), \(read.body.readableBytes) bytes")
                }
            }
        }

        @Test func nothingIsAContainerToo() async throws {
            try await Workspace.use { space in
                let queue = try await StoredQueue.fill(space, [])
                let export = try await queue.journal(["export", "--format", "avro"] + queue.directories)
                #expect(export.end == .exited(0), "\(export.program.errors)")
                #expect(try AvroContainerReader.events(of: export.path) == [])
            }
        }

        /// What cannot be written is told, in either format, and is no success.
        @Test(arguments: ["json", "avro"]) func aFullDisk(format: String) async throws {
            try await Workspace.use { space in
                let queue = try await StoredQueue.fill(space, [[Event(body: "text")]])
                let export = try space.start(
                    "export",
                    "/bin/sh",
                    [
                        "-c", "exec \"$0\" \"$@\" > /dev/full", Tools.tributary, "journal", "export", "--format",
                        format,
                    ] + queue.directories
                )
                #expect(try await export.end(within: 20) == .exited(2))
                #expect(export.errors.contains("cannot write to standard output: No space left"), "\(export.errors)")
            }
        }
    }
}
