/// The part of a record that makes one frame.
struct FramePlan: Hashable, Sendable {
    var items: Range<Int>
    var bytes: Range<Int>
    /// CRC32C of the plain bytes.
    var crc: UInt32
    /// The payload is written from where it is, and lies in the file as it lies there.
    var isPlaced: Bool

    /// Bytes in the file where the payload grows by `overhead`.
    func extent(overhead: Int = 0) -> Int {
        FrameHeader.extent(payload: bytes.count + overhead, isPlaced: isPlaced)
    }

    /// Cuts a payload into frames of whole items, each of up to `limit` bytes unless one item has more. Those of `directLimit`
    /// bytes or more are placed.
    ///
    /// Runs on the caller's thread, so that checksums are computed while the writer waits for the disk.
    static func cut(_ payload: some JournalPayload, limit: Int, directLimit: Int) -> [FramePlan] {
        let count = payload.itemCount
        let total = payload.byteCount
        if total <= limit {
            let crc = unsafe payload.withBytes { unsafe Checksum.of($0) }
            return [FramePlan(items: 0..<count, bytes: 0..<total, crc: crc, isPlaced: total >= directLimit)]
        }
        var plans: [FramePlan] = []
        var item = 0
        while item < count {
            let start = payload.offset(ofItem: item)
            // The last item that still ends within the limit.
            var (low, high) = (item + 1, count)
            while low < high {
                let middle = (low + high + 1) / 2
                if payload.offset(ofItem: middle) - start <= limit { low = middle } else { high = middle - 1 }
            }
            let bytes = start..<payload.offset(ofItem: low)
            let crc = unsafe payload.withBytes { unsafe Checksum.of(UnsafeRawBufferPointer(rebasing: $0[bytes])) }
            plans.append(FramePlan(items: item..<low, bytes: bytes, crc: crc, isPlaced: bytes.count >= directLimit))
            item = low
        }
        return plans
    }
}
