import Testing

@testable import Journal

/// The format byte for byte: what is on disks must be readable for ever.
@Suite("Format on disk")
struct FormatTests {
    static let id = SegmentID(number: 57, nonce: 0x9F3C_2A10)

    static func bytes(_ count: Int, _ body: (UnsafeMutableRawBufferPointer) -> Void) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        bytes.withUnsafeMutableBytes(body)
        return bytes
    }

    @Test("CRC32C's check value")
    func checksum() {
        #expect(Array("123456789".utf8).withUnsafeBytes { Checksum.of($0) } == 0xE306_9283)
    }

    @Test("Names")
    func names() {
        #expect(Self.id.fileName == "seg-00000000000000000057-9f3c2a10.log")
        #expect(SegmentID.parse(Self.id.fileName)?.id == Self.id)
        #expect(SegmentID.parse(Self.id.spareName)?.isSpare == true)
        for other in ["seg-57-9f3c2a10.log", "seg-00000000000000000057-9F3C2A10.log", "log-3", "LOCK", "cursor.0", ""] {
            #expect(SegmentID.parse(other) == nil, "\(other)")
        }
    }

    @Test("A frame's header")
    func frame() {
        let header = FrameHeader(
            length: 100,
            first: 0x0102_0304_0506_0708,
            synced: 7,
            count: 3,
            begins: true,
            ends: false,
            isSealed: true,
            payloadCRC: 0xAABB_CCDD
        )
        let bytes = Self.bytes(FrameHeader.size) { header.encode(into: $0, seed: Self.id.seed, offset: 8_192) }
        #expect(
            bytes[..<36] == [
                0x54, 0x52, 0x46, 0x52, 100, 0, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1, 7, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 5, 0,
                0, 0,
                0xDD, 0xCC, 0xBB, 0xAA,
            ]
        )
        bytes.withUnsafeBytes { raw in
            #expect(FrameHeader.decode(raw, seed: Self.id.seed, offset: 8_192) == header)
            #expect(FrameHeader.decode(raw, seed: Self.id.seed, offset: 8_200) == nil)
            let other = SegmentID(number: 57, nonce: 0x9F3C_2A11)
            #expect(FrameHeader.decode(raw, seed: other.seed, offset: 8_192) == nil)
        }
        #expect(header.extent == 144)
    }

    private static func header(ends: Bool, lead: Int? = nil) -> FrameHeader {
        FrameHeader(
            length: 100,
            first: 9,
            synced: 7,
            count: 3,
            begins: true,
            ends: ends,
            isSealed: false,
            lead: lead,
            payloadCRC: 0xAABB_CCDD
        )
    }

    @Test("A placed payload's frame: 64 bytes longer, and the payload anywhere in them", arguments: [0, 1, 24, 63])
    func placed(lead: Int) {
        let header = Self.header(ends: false, lead: lead)
        let bytes = Self.bytes(FrameHeader.size) { header.encode(into: $0, seed: Self.id.seed, offset: 8_192) }
        #expect(bytes[28..<32] == [9, UInt8(lead), 0, 0])
        #expect(bytes.withUnsafeBytes { FrameHeader.decode($0, seed: Self.id.seed, offset: 8_192) } == header)
        #expect(header.payloadRange == 40 + lead..<140 + lead)
        #expect(header.extent == 208)
    }

    @Test(
        "The lead makes place and address alike modulo 64",
        arguments: [
            (0x1000, 8_192, 24), (0x1028, 8_192, 0), (0x1029, 8_192, 1), (0x1027, 8_192, 63), (0x1030, 8_200, 0),
            (0, 8_192, 24), (0x7FFF_FFFF_F010, 67_108_000, 8),
        ] as [(UInt, Int, Int)]
    )
    func lead(address: UInt, offset: Int, lead: Int) {
        #expect(FrameHeader.lead(address: address, offset: offset) == lead)
    }

    @Test("Every flipped bit of a frame's header is noticed")
    func frameFlips() {
        let header = Self.header(ends: true)
        let bytes = Self.bytes(FrameHeader.size) { header.encode(into: $0, seed: Self.id.seed, offset: 8_192) }
        for bit in 0..<(bytes.count * 8) {
            var flipped = bytes
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            let found = flipped.withUnsafeBytes { FrameHeader.decode($0, seed: Self.id.seed, offset: 8_192) }
            #expect(found == nil, "bit \(bit)")
        }
    }

    @Test("Every flipped bit of a block is noticed")
    func flips() {
        let header = SegmentHeader(id: Self.id, queue: 1, first: 2, capacity: 3, parameters: [1, 2, 3])
        let seal = SegmentSeal(id: Self.id, queue: 1, first: 2, end: 3, endOffset: 4)
        var done = SequenceSet(floor: 9)
        done.insert(12..<15)
        let slot = CursorSlot(queue: 1, generation: 2, done: done, durable: 20, nextSegment: 5)
        let blocks: [(bytes: [UInt8], isSound: ([UInt8]) -> Bool)] = [
            (
                Self.bytes(67) { header.encode(into: $0) },
                { $0.withUnsafeBytes { SegmentHeader.decode($0, id: Self.id) == header } }
            ),
            (
                Self.bytes(64) { seal.encode(into: $0) },
                { $0.withUnsafeBytes { SegmentSeal.decode($0, id: Self.id) == seal } }
            ),
            (
                Array(Self.bytes(CursorSlot.fileSize) { _ = slot.encode(into: $0) }[..<80]),
                { $0.withUnsafeBytes { CursorSlot.decode($0) == slot } }
            ),
        ]
        for (bytes, isSound) in blocks {
            #expect(isSound(bytes))
            for bit in 0..<(bytes.count * 8) {
                var flipped = bytes
                flipped[bit / 8] ^= 1 << UInt8(bit % 8)
                #expect(!isSound(flipped), "bit \(bit)")
            }
        }
    }
}
