public import NIOCore

extension EventBatch {
    /// Reads an Avro array of events from the front of `payload`, as `appendBatch` carries it.
    ///
    /// The batch shares the payload's storage where the array came in one block, and copies where it did not. Arrays and
    /// maps may come in several blocks, with negative counts and sizes (Avro specification, "Arrays").
    ///
    /// - Returns: the batch and the bytes read; what stands behind them is not looked at.
    public static func decode(
        array payload: ByteBuffer,
        limits: EventLimits = .none
    ) throws(AvroError) -> (batch: EventBatch, consumed: Int) {
        unsafe try decode(payload, limits, EventWalk.array)
    }

    /// Reads one event from the front of `payload`, as `append` carries it.
    public static func decode(
        single payload: ByteBuffer,
        limits: EventLimits = .none
    ) throws(AvroError) -> (batch: EventBatch, consumed: Int) {
        unsafe try decode(payload, limits, EventWalk.single)
    }

    /// Copies `count` events that stand one behind the other; `nil` where the bytes are not just these.
    package init?(stored bytes: UnsafeRawBufferPointer, count: Int) {
        do throws(AvroError) {
            self = try unsafe Self.decode(ByteBuffer(bytes: bytes), .none) { bytes, limits throws(AvroError) in
                try unsafe EventWalk.row(of: count, bytes, limits)
            }.batch
        } catch {
            return nil
        }
    }

    private static func decode(
        _ payload: ByteBuffer,
        _ limits: EventLimits,
        _ walk: (UnsafeRawBufferPointer, EventLimits) throws(AvroError) -> EventWalk
    ) throws(AvroError) -> (batch: EventBatch, consumed: Int) {
        let result = unsafe payload.withUnsafeReadableBytes { bytes -> Result<EventWalk, AvroError> in
            do throws(AvroError) {
                return .success(try unsafe walk(bytes, limits))
            } catch {
                return .failure(error)
            }
        }
        let walked = try result.get()
        let batch = EventBatch(walked, in: payload)
        return (
            walked.repeatingKeys.isEmpty ? batch : batch.droppingRepeatedKeys(of: walked.repeatingKeys), walked.consumed
        )
    }

    private init(_ walk: EventWalk, in payload: ByteBuffer) {
        guard let first = walk.runs.first else {
            self.init()
            return
        }
        if walk.runs.count == 1,
            let bytes = payload.getSlice(at: payload.readerIndex + first.lowerBound, length: first.count)
        {
            self.init(bytes: bytes, starts: walk.starts[...])
            return
        }
        var bytes = ByteBuffer()
        bytes.reserveCapacity(walk.runs.reduce(0) { $0 + $1.count })
        var starts: [UInt32] = []
        starts.reserveCapacity(walk.starts.count)
        var run = 0
        var gap = walk.runs[0].lowerBound
        for start in walk.starts.dropLast() {
            while Int(start) >= walk.runs[run].upperBound {
                run += 1
                gap += walk.runs[run].lowerBound - walk.runs[run - 1].upperBound
            }
            starts.append(start - UInt32(gap))
        }
        for range in walk.runs {
            if let part = payload.getSlice(at: payload.readerIndex + range.lowerBound, length: range.count) {
                bytes.writeImmutableBuffer(part)
            }
        }
        starts.append(UInt32(bytes.writerIndex))
        self.init(bytes: bytes, starts: starts[...])
    }
}
