import Journal

/// Items of one size, sharing their bytes: making them costs nothing.
struct BenchPayload: JournalPayload {
    let bytes: [UInt8]
    let size: Int

    init(count: Int, size: Int) {
        bytes = (0..<(count * size)).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        self.size = size
    }

    init?(stored raw: UnsafeRawBufferPointer, itemCount: Int) {
        bytes = Array(raw)
        size = raw.count / itemCount
    }

    var itemCount: Int { bytes.count / size }
    func offset(ofItem index: Int) -> Int { index * size }
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result { bytes.withUnsafeBytes(body) }
}
