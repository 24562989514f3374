import NIOCore

extension EventBatch {
    /// What to do with a header that an event has already.
    public enum ExistingHeader: Sendable {
        /// The event keeps its own value (Flume: `preserveExisting = true`).
        case keep
        /// The new value takes its place.
        case replace
    }

    /// The batch with one header set on every event; the batch is copied once.
    ///
    /// An event that lacks the key gets one map block more in front of its map (an Avro map may have many blocks). Where
    /// the key stands already and is to be replaced, that event's map is written anew.
    public func settingHeader(_ key: String, to value: String, existing: ExistingHeader) -> EventBatch {
        let name = Array(key.utf8)
        var block = ByteBuffer()
        block.writeAvroLong(1)
        block.writeAvroString(key)
        block.writeAvroString(value)
        return unsafe rewriting(extra: block.readableBytes) { event, output in
            switch (unsafe event.header(named: name), existing) {
            case (nil, _):
                output.writeImmutableBuffer(block)
                unsafe output.writeBytes(event.bytes)
            case (_, .keep):
                unsafe output.writeBytes(event.bytes)
            case (_, .replace):
                unsafe Self.write(event, without: name, to: &output, leading: block)
            }
        }
    }

    /// The batch without one header; the same batch where no event has it.
    public func removingHeader(_ key: String) -> EventBatch {
        let name = Array(key.utf8)
        var present = false
        unsafe forEachEvent { _, event in
            if unsafe event.header(named: name) != nil { present = true }
        }
        guard present else { return self }
        return unsafe rewriting(extra: 0) { event, output in
            if unsafe event.header(named: name) == nil {
                unsafe output.writeBytes(event.bytes)
            } else {
                unsafe Self.write(event, without: name, to: &output, leading: nil)
            }
        }
    }

    /// Writes the named events anew with the last value of every key that stands more than once (as a Java map keeps it).
    func droppingRepeatedKeys(of indices: [Int]) -> EventBatch {
        var pending = indices[...]
        return unsafe rewriting(extra: 0) { event, output, index in
            guard pending.first == index else {
                unsafe output.writeBytes(event.bytes)
                return
            }
            pending.removeFirst()
            var order: [[UInt8]] = []
            var values: [[UInt8]: [UInt8]] = [:]
            let behind = unsafe event.forEachHeader { key, value in
                let key = unsafe Array(key)
                if unsafe values.updateValue(Array(value), forKey: key) == nil { order.append(key) }
            }
            output.writeAvroLong(Int64(order.count))
            for key in order {
                output.writeAvroBytes(ByteBuffer(bytes: key))
                output.writeAvroBytes(ByteBuffer(bytes: values[key] ?? []))
            }
            output.writeAvroLong(0)
            unsafe output.writeAvroBytes(event.body(at: behind))
        }
    }

    /// Writes an event with all headers but one, in one block, behind a block that may stand in front.
    private static func write(
        _ event: UnsafeEvent,
        without name: [UInt8],
        to output: inout ByteBuffer,
        leading block: ByteBuffer?
    ) {
        if let block { output.writeImmutableBuffer(block) }
        var kept = 0
        let behind = unsafe event.forEachHeader { key, _ in
            if unsafe !key.elementsEqual(name) { kept += 1 }
        }
        if kept > 0 {
            output.writeAvroLong(Int64(kept))
            unsafe event.forEachHeader { key, value in
                guard unsafe !key.elementsEqual(name) else { return }
                unsafe output.writeAvroBytes(key)
                unsafe output.writeAvroBytes(value)
            }
        }
        output.writeAvroLong(0)
        unsafe output.writeAvroBytes(event.body(at: behind))
    }

    private func rewriting(extra: Int, _ write: (UnsafeEvent, inout ByteBuffer) -> Void) -> EventBatch {
        unsafe rewriting(extra: extra) { event, output, _ in unsafe write(event, &output) }
    }

    private func rewriting(extra: Int, _ write: (UnsafeEvent, inout ByteBuffer, Int) -> Void) -> EventBatch {
        var output = ByteBuffer()
        output.reserveCapacity(bytes.readableBytes + count * extra)
        var starts: [UInt32] = []
        starts.reserveCapacity(count + 1)
        unsafe forEachEvent { index, event in
            starts.append(UInt32(output.writerIndex))
            unsafe write(event, &output, index)
        }
        starts.append(UInt32(output.writerIndex))
        return EventBatch(bytes: output, starts: starts[...])
    }
}
