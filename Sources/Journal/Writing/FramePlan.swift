/// The part of a record that makes one frame.
struct FramePlan: Hashable, Sendable {
    var items: Range<Int>
    var bytes: Range<Int>
    /// CRC32C of the plain bytes.
    var crc: UInt32
    /// The payload is written from where it is, and lies in the file as it lies there.
    var isPlaced: Bool
    /// It is its record's first one, and its last one.
    var begins: Bool
    var ends: Bool

    /// Bytes in the file where the payload grows by `overhead`.
    func extent(overhead: Int = 0) -> Int {
        FrameHeader.extent(payload: bytes.count + overhead, isPlaced: isPlaced)
    }

    /// The frame of a payload's items from `item` on: whole items of up to `limit` bytes together, unless one has more. With
    /// `directLimit` bytes or more it is placed.
    ///
    /// Runs on the caller's thread, so that checksums are computed while the writer waits for the disk.
    init(of payload: some JournalPayload, from item: Int, limit: Int, directLimit: Int) {
        let count = payload.itemCount
        let start = payload.offset(ofItem: item)
        // The last item that still ends within the limit.
        var (low, high) = (item + 1, count)
        if payload.byteCount - start <= limit { low = count }
        while low < high {
            let middle = (low + high + 1) / 2
            if payload.offset(ofItem: middle) - start <= limit { low = middle } else { high = middle - 1 }
        }
        let bytes = start..<payload.offset(ofItem: low)
        items = item..<low
        self.bytes = bytes
        crc = unsafe payload.withBytes { unsafe Checksum.of(UnsafeRawBufferPointer(rebasing: $0[bytes])) }
        isPlaced = bytes.count >= directLimit
        begins = item == 0
        ends = low == count
    }
}
