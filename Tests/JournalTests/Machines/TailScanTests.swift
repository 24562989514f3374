import Testing

@testable import Journal

/// Frames as they are met, and what follows from them.
@Suite("The end of a segment")
struct TailScanTests {
    static func frame(
        _ first: UInt64,
        _ count: Int,
        synced: UInt64 = 0,
        begins: Bool = true,
        ends: Bool = true
    ) -> FrameHeader {
        FrameHeader(
            length: 24,
            first: first,
            synced: synced,
            count: count,
            begins: begins,
            ends: ends,
            isSealed: false,
            payloadCRC: 0
        )
    }

    /// Frames one behind the other; `nil` is a frame that did not reach the disk.
    static func scan(
        _ frames: [FrameHeader?],
        synced: UInt64 = 0
    ) -> (TailScan, void: [Range<UInt64>], lost: [Range<UInt64>]) {
        var scan = TailScan(first: 0, synced: synced)
        var offset = SegmentHeader.framesStart
        for frame in frames {
            if let frame {
                scan.frame(frame, offset: offset, isSound: true)
            } else {
                scan.damage(offset..<(offset + 64))
            }
            offset += 64
        }
        let (void, lost) = scan.finish()
        return (scan, void, lost.map(\.sequences))
    }

    @Test("Whole frames end behind the last")
    func whole() {
        let (scan, void, lost) = Self.scan([Self.frame(0, 2), Self.frame(2, 3)])
        #expect(scan.end == 5 && scan.endOffset == SegmentHeader.framesStart + 128)
        #expect(void.isEmpty && lost.isEmpty)
    }

    @Test("A record without its end goes as a whole")
    func unfinished() {
        let (scan, void, lost) = Self.scan([Self.frame(0, 2), Self.frame(2, 3, ends: false), nil])
        #expect(scan.end == 2 && scan.endOffset == SegmentHeader.framesStart + 64)
        #expect(void.isEmpty && lost.isEmpty)
    }

    @Test("A record without its end that had been synced keeps what is there, and the rest is lost")
    func unfinishedAndSynced() {
        let (scan, void, lost) = Self.scan([Self.frame(0, 2), Self.frame(2, 3, ends: false), nil], synced: 8)
        #expect(scan.end == 5)
        #expect(void.isEmpty)
        #expect(lost == [5..<8])
    }

    @Test("A hole that nobody was told of is void, with the rest of its record")
    func hole() {
        let (scan, void, lost) = Self.scan([
            Self.frame(0, 2), Self.frame(2, 1, ends: false), nil, Self.frame(4, 1, begins: false), Self.frame(5, 1),
        ])
        #expect(scan.end == 6)
        #expect(void == [3..<4, 2..<5])
        #expect(lost.isEmpty)
    }

    @Test("A hole below what was synced is lost, the frames around it are kept")
    func loss() {
        let (scan, void, lost) = Self.scan([Self.frame(0, 2), nil, Self.frame(4, 2, synced: 4)])
        #expect(scan.end == 6)
        #expect(void.isEmpty)
        #expect(lost == [2..<4])
    }

    @Test("A hole in the last group leaves the frames behind it")
    func kept() {
        let (scan, void, lost) = Self.scan([Self.frame(0, 2), nil, Self.frame(4, 2, synced: 2)])
        #expect(scan.end == 6)
        #expect(void == [2..<4])
        #expect(lost.isEmpty)
    }
}
