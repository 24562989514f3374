internal import CZlib
internal import NIOCore

extension UnsafeMutablePointer<z_stream> {
    /// One call of zlib: from `input`, which moves on by what was read, to `output`'s free room, at most `room` bytes.
    ///
    /// - Parameter work: `deflate` or `inflate`.
    /// - Returns: its result, and whether the room was used up.
    func step(
        _ input: inout ByteBuffer,
        into output: inout ByteBuffer,
        room: Int,
        _ work: (UnsafeMutablePointer<z_stream>) -> Int32
    ) -> (result: Int32, isFull: Bool) {
        var consumed = 0
        var result = Z_OK
        var isFull = false
        unsafe input.withUnsafeReadableBytes { bytes in
            let available = UInt32(clamping: bytes.count)
            unsafe pointee.next_in = UnsafeMutablePointer<UInt8>(
                mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
            )
            unsafe pointee.avail_in = available
            unsafe output.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { target in
                unsafe pointee.next_out = target.baseAddress?.assumingMemoryBound(to: UInt8.self)
                unsafe pointee.avail_out = UInt32(clamping: room)
                result = unsafe work(self)
                consumed = Int(unsafe available - pointee.avail_in)
                isFull = unsafe pointee.avail_out == 0
                return unsafe room - Int(pointee.avail_out)
            }
            unsafe pointee.next_in = nil
            unsafe pointee.next_out = nil
        }
        input.moveReaderIndex(forwardBy: consumed)
        return (result, isFull)
    }
}
