import Journal

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Numbered items whose bytes follow from their number, so that a judge knows every byte. Believes what it is given: that
/// nothing damaged comes out is for the journal to see to.
struct TestPayload: JournalPayload {
    let bytes: [UInt8]
    let ends: [Int]

    /// Items of one batch: `batch << 16 | index`.
    init(batch: UInt64, sizes: [Int]) {
        var bytes: [UInt8] = []
        var ends: [Int] = []
        for (index, size) in sizes.enumerated() {
            bytes.append(contentsOf: Self.item(batch << 16 | UInt64(index), size: size))
            ends.append(bytes.count)
        }
        self.bytes = bytes
        self.ends = ends
    }

    init?(stored raw: UnsafeRawBufferPointer, itemCount: Int) {
        // A number of items that no such bytes can have would fill the memory of who believes it.
        guard itemCount <= max(1, raw.count) else { return nil }
        let bytes = Array(raw)
        var ends: [Int] = []
        var at = 0
        for _ in 0..<itemCount {
            guard at + 10 <= bytes.count else { break }
            at = min(bytes.count, at + max(10, Int(bytes[at]) | Int(bytes[at + 1]) << 8))
            ends.append(at)
        }
        while ends.count < itemCount { ends.append(bytes.count) }
        self.bytes = bytes
        self.ends = ends
    }

    var itemCount: Int { ends.count }
    func offset(ofItem index: Int) -> Int { index == 0 ? 0 : ends[index - 1] }
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result { bytes.withUnsafeBytes(body) }

    static func item(_ id: UInt64, size: Int) -> [UInt8] {
        let size = max(10, size)
        var item = [UInt8](repeating: 0, count: size)
        item[0] = UInt8(size & 255)
        item[1] = UInt8(size >> 8)
        for byte in 0..<8 { item[2 + byte] = UInt8(truncatingIfNeeded: id >> (8 * UInt64(byte))) }
        var state = id &* 0x9E37_79B9_7F4A_7C15 | 1
        item.withUnsafeMutableBytes { item in
            var at = 10
            while at < size {
                state ^= state << 13
                state ^= state >> 7
                state ^= state << 17
                withUnsafeBytes(of: state) { word in
                    UnsafeMutableRawBufferPointer(rebasing: item[at...]).copyMemory(
                        from: UnsafeRawBufferPointer(rebasing: word[..<min(8, size - at)])
                    )
                }
                at += 8
            }
        }
        return item
    }

    /// The number of an item; `nil` where its bytes are not what that number's are.
    func id(of index: Int) -> UInt64? {
        let range = offset(ofItem: index)..<offset(ofItem: index + 1)
        guard range.count >= 10 else { return nil }
        var id: UInt64 = 0
        bytes.withUnsafeBytes {
            id = UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: range.lowerBound + 2, as: UInt64.self))
        }
        let expected = Self.item(id, size: range.count)
        let isSound = bytes.withUnsafeBytes {
            memcmp($0.baseAddress! + range.lowerBound, expected, expected.count) == 0
        }
        return isSound ? id : nil
    }
}

typealias TestQueue = DurableQueue<ModelDisk, TestPayload>

extension JournalTake<TestPayload> {
    /// The items' numbers, `nil` for damaged ones.
    var ids: [UInt64?] {
        parts.flatMap { part in part.items.map { part.payload.id(of: $0) } }
    }
}
