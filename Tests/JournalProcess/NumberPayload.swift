import Journal

/// Items of 100 bytes, each a number and bytes that follow from it.
struct NumberPayload: JournalPayload {
    static let size = 100

    let bytes: [UInt8]
    var itemCount: Int { bytes.count / Self.size }
    func offset(ofItem index: Int) -> Int { index * Self.size }
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result { bytes.withUnsafeBytes(body) }

    init(first: UInt64, count: Int) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count * Self.size)
        for index in 0..<count {
            let number = first + UInt64(index)
            for byte in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: number >> (8 * UInt64(byte)))) }
            bytes.append(contentsOf: repeatElement(UInt8(truncatingIfNeeded: number &* 37), count: Self.size - 8))
        }
        self.bytes = bytes
    }

    init?(stored raw: UnsafeRawBufferPointer, itemCount: Int) {
        guard raw.count == itemCount * Self.size else { return nil }
        bytes = Array(raw)
    }

    /// The number of an item; `nil` where its bytes are wrong.
    func number(_ index: Int) -> UInt64? {
        let start = index * Self.size
        var number: UInt64 = 0
        for byte in 0..<8 { number |= UInt64(bytes[start + byte]) << (8 * UInt64(byte)) }
        let filler = UInt8(truncatingIfNeeded: number &* 37)
        return bytes[(start + 8)..<(start + Self.size)].allSatisfy { $0 == filler } ? number : nil
    }
}
