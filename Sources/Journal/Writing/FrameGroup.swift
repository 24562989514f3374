/// The frames of one group of records, gathered one behind the other from the segment's end on and written at once.
@safe
struct FrameGroup<File: JournalFile>: ~Copyable {
    private let cipher: (any JournalSegmentCipher)?
    private let seed: UInt32
    /// Sequence below which everything is on stable storage.
    private let synced: UInt64
    /// Records of so many bytes are written from where they are.
    private let directLimit: Int
    /// Sequence of the next item.
    private var next: UInt64
    private var output: FrameOutput<File>

    init(_ segment: ActiveSegment<File>, synced: UInt64, directLimit: Int, staging: RawBuffer) {
        cipher = segment.cipher
        seed = segment.seed
        next = segment.end
        output = FrameOutput(file: segment.file, offset: segment.offset, staging: staging)
        self.synced = synced
        self.directLimit = directLimit
    }

    /// Gathers the records' frames, and writes them all once the last one is there. A large payload may be looked at only from
    /// inside of its `withBytes`, so the records behind it are gathered there too.
    mutating func write(_ records: ArraySlice<WaitingRecord>) throws(FileSystemError) {
        var rest = records
        output.expect(pieces: 2 * rest.count + 1)
        while let record = rest.popFirst() {
            let isLarge = cipher == nil && record.extent >= directLimit
            let result = unsafe record.payload.withBytes { payload -> Result<Void, FileSystemError>? in
                unsafe gather(record.firstFrame, of: payload)
                for frame in record.otherFrames { unsafe gather(frame, of: payload) }
                next += UInt64(record.itemCount)
                guard isLarge else { return nil }
                return Result { () throws(FileSystemError) in try write(rest) }
            }
            if let result { return try result.get() }
        }
        try output.write()
    }

    private mutating func gather(_ frame: FramePlan, of payload: UnsafeRawBufferPointer) {
        let plain = unsafe UnsafeRawBufferPointer(rebasing: payload[frame.bytes])
        var lead: Int?
        if frame.isPlaced {
            // What a cipher makes of it is copied first: it lies nowhere yet.
            let address = UInt(bitPattern: plain.baseAddress)
            lead = cipher == nil ? FrameHeader.lead(address: address, offset: output.end) : 0
        }
        let header = FrameHeader(
            length: plain.count + (cipher?.overhead ?? 0),
            first: next + UInt64(frame.items.lowerBound),
            synced: synced,
            count: frame.items.count,
            begins: frame.begins,
            ends: frame.ends,
            isSealed: cipher != nil,
            lead: lead,
            payloadCRC: frame.crc
        )
        if let cipher {
            unsafe gather(header, plain, sealedBy: cipher)
        } else {
            unsafe gather(header, plain)
        }
    }

    private mutating func gather(_ header: FrameHeader, _ plain: UnsafeRawBufferPointer) {
        let offset = output.end
        let range = header.payloadRange
        let start = unsafe output.room(range.lowerBound)
        unsafe UnsafeMutableRawBufferPointer(rebasing: start[FrameHeader.size...]).clear()
        unsafe header.encode(into: start, seed: seed, offset: offset)
        if header.lead == nil {
            unsafe output.room(plain.count).copyMemory(from: plain)
        } else {
            unsafe output.append(plain)
        }
        unsafe output.room(header.extent - range.upperBound).clear()
    }

    private mutating func gather(
        _ header: FrameHeader,
        _ plain: UnsafeRawBufferPointer,
        sealedBy cipher: any JournalSegmentCipher
    ) {
        let offset = output.end
        let target = unsafe output.room(FrameHeader.size + header.length)
        let body = unsafe UnsafeMutableRawBufferPointer(rebasing: target[FrameHeader.size...])
        unsafe cipher.seal(plain, into: body, offset: offset)
        var header = header
        header.payloadCRC = unsafe Checksum.of(UnsafeRawBufferPointer(body))
        unsafe header.encode(into: target, seed: seed, offset: offset)
        unsafe output.room(header.extent - target.count).clear()
    }
}
