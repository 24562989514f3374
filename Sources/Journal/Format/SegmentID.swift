/// A segment's identity: it stands in the file's name and goes into every checksum, so that whatever an earlier life of
/// the same file left there never verifies.
struct SegmentID: Hashable, Sendable, Comparable {
    /// Counts segments over all directories; never used twice in what a queue has acknowledged.
    let number: UInt64
    /// Random, since a number whose file was forgotten by a crash comes again.
    let nonce: UInt32

    static func < (one: SegmentID, other: SegmentID) -> Bool {
        (one.number, one.nonce) < (other.number, other.nonce)
    }

    /// Where a frame's header checksum starts from.
    var seed: UInt32 {
        Checksum.of(UInt64(nonce), from: Checksum.of(number))
    }

    /// `seg-NUMBER-NONCE.log`: the number with 20 digits, so that `ls` sorts; the nonce with 8, hexadecimal.
    var fileName: String { "seg-" + stem }
    /// A released segment's name while it waits to be written over.
    var spareName: String { "spare-" + stem }

    private var stem: String {
        let digits = String(number)
        let hex = String(nonce, radix: 16)
        return String(repeating: "0", count: 20 - digits.utf8.count) + digits + "-"
            + String(repeating: "0", count: 8 - hex.utf8.count) + hex + ".log"
    }

    /// What a file's name says, and whether it is a spare; `nil` for files that are none of ours.
    static func parse(_ name: String) -> (id: SegmentID, isSpare: Bool)? {
        let bytes = Array(name.utf8)
        let prefix = name.hasPrefix("seg-") ? 4 : name.hasPrefix("spare-") ? 6 : 0
        guard prefix > 0, bytes.count == prefix + 20 + 1 + 8 + 4 else { return nil }
        let number = UInt64(String(decoding: bytes[prefix..<(prefix + 20)], as: UTF8.self))
        let nonce = UInt32(String(decoding: bytes[(prefix + 21)..<(prefix + 29)], as: UTF8.self), radix: 16)
        guard let number, let nonce else { return nil }
        let id = SegmentID(number: number, nonce: nonce)
        let isSpare = prefix == 6
        return name == (isSpare ? id.spareName : id.fileName) ? (id, isSpare) : nil
    }
}
