import Foundation
import NIOCore
import Testing

@testable import Agent

@Suite struct FolderEventsTests {
    /// One record as the kernel writes it; names are filled up with zeros.
    private static func record(_ watch: CInt, _ mask: Int32, cookie: UInt32 = 0, _ name: String = "") -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeInteger(watch, endianness: .host)
        buffer.writeInteger(UInt32(mask), endianness: .host)
        buffer.writeInteger(cookie, endianness: .host)
        let length = name.isEmpty ? 0 : (name.utf8.count / 16 + 1) * 16
        buffer.writeInteger(UInt32(length), endianness: .host)
        buffer.writeString(name)
        buffer.writeRepeatingByte(0, count: length - name.utf8.count)
        return buffer
    }

    @Test("Records are read to their end; equal ones come once; the two halves of a rename are one")
    func records() {
        let parts = [
            Self.record(1, IN_MODIFY, "a"), Self.record(1, IN_MODIFY, "a"),
            Self.record(2, IN_MODIFY, "a-name-of-16-byt"),
            Self.record(1, IN_MOVED_FROM, cookie: 7, "a"), Self.record(1, IN_MOVED_FROM, cookie: 8, "out"),
            Self.record(2, IN_MOVED_TO, cookie: 7, "b"), Self.record(1, IN_MOVED_TO, cookie: 9, "in"),
            Self.record(1, IN_CREATE, "new"), Self.record(-1, 0x4000),
        ]
        var bytes = ByteBuffer()
        for part in parts { bytes.writeImmutableBuffer(part) }
        // A record that is cut off is none.
        bytes.writeBytes([1, 0, 0, 0])
        #expect(
            FolderEvents.read(bytes) == [
                .written(watch: 1, name: "a"), .written(watch: 2, name: "a-name-of-16-byt"), .changed,
                .renamed(from: .init(watch: 1, name: "a"), to: .init(watch: 2, name: "b")),
                .created(.init(watch: 1, name: "new")),
            ]
        )
    }
}
