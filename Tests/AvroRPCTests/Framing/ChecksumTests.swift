import CPlatform
import NIOCore
import TestSupport
import Testing

@testable import AvroRPC

@Suite struct ChecksumTests {
    private let bytes: [UInt8] = {
        var generator = SeededGenerator(seed: 32)
        return (0..<400).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }()

    private static let vectors: [([UInt8], UInt32)] = [
        (Array("123456789".utf8), 0xE306_9283),
        ([], 0),
        (Array(repeating: 0, count: 32), 0x8A91_36AA),
        (Array(repeating: 0xff, count: 32), 0x62A8_AB43),
        (Array(0...31), 0x46DD_794E),
        (Array((0...31).reversed()), 0x113F_DB5C),
    ]

    /// RFC 3720, B.4, and the usual check value.
    @Test(arguments: vectors)
    func knownVectors(bytes: [UInt8], crc: UInt32) {
        #expect(tributary_crc32c(0, bytes, bytes.count) == crc)
        #expect(tributary_crc32c_table(0, bytes, bytes.count) == crc)
        #expect(plainChecksum(bytes) == crc)
        #expect(ByteBuffer(bytes: bytes).crc32c() == crc)
    }

    @Test func hardwareEqualsTable() {
        bytes.withUnsafeBytes { raw in
            for alignment in 0..<16 {
                for length in 0...300 {
                    let start = raw.baseAddress?.advanced(by: alignment)
                    let expected = plainChecksum(raw[alignment..<alignment + length])
                    guard tributary_crc32c(0, start, length) == expected,
                        tributary_crc32c_table(0, start, length) == expected
                    else {
                        Issue.record("\(length) bytes at \(alignment)")
                        return
                    }
                }
            }
        }
    }

    /// Hardware takes long inputs in three parts of 512 bytes at a time, with AVX2 in blocks of 448 bytes, with AVX-512 of 256.
    @Test func longInputsEqualTable() {
        var generator = SeededGenerator(seed: 33)
        let long = (0..<10_000).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let lengths = [447, 448, 449, 511, 512, 513, 767, 768, 769, 895, 896, 903, 1_024, 1_279, 1_343, 1_344, 1_535]
        let longer = [1_536, 1_537, 1_543, 1_544, 2_047, 3_071, 3_072, 3_080, 4_608, 6_151, 9_990]
        long.withUnsafeBytes { raw in
            for alignment in 0..<9 {
                for length in lengths + longer {
                    let start = raw.baseAddress?.advanced(by: alignment)
                    let before = UInt32.random(in: 0 ... .max, using: &generator)
                    let expected = tributary_crc32c_table(before, start, length)
                    #expect(tributary_crc32c(before, start, length) == expected, "\(length) bytes at \(alignment)")
                    #expect(
                        tributary_crc32c_paired(before, start, length) == expected,
                        "\(length) bytes at \(alignment), without AVX-512"
                    )
                    #expect(
                        tributary_crc32c_narrow(before, start, length) == expected,
                        "\(length) bytes at \(alignment), without wide carry-less multiplication"
                    )
                    #expect(tributary_crc32c(0, start, length) == plainChecksum(raw[alignment..<alignment + length]))
                }
            }
        }
    }

    @Test func continuation() {
        let whole = plainChecksum(bytes)
        for cut in 0...bytes.count {
            let first = tributary_crc32c(0, bytes, cut)
            let rest = Array(bytes[cut...])
            #expect(tributary_crc32c(first, rest, rest.count) == whole)
            #expect(tributary_crc32c_table(first, rest, rest.count) == whole)
            #expect(ByteBuffer(bytes: bytes).crc32c(from: cut) == plainChecksum(rest))
        }
        #expect(ByteBuffer(bytes: [1]).crc32c(from: 5) == 0)
    }
}
