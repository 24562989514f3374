internal import CPlatform

/// CRC32C, as `CPlatform` computes it: 0xE3069283 for "123456789".
enum Checksum {
    /// The checksum of `bytes`, continuing from `start`.
    @inline(__always)
    static func of(_ bytes: UnsafeRawBufferPointer, from start: UInt32 = 0) -> UInt32 {
        unsafe tributary_crc32c(start, bytes.baseAddress, bytes.count)
    }

    /// The checksum of a number's eight bytes, little-endian.
    static func of(_ number: UInt64, from start: UInt32 = 0) -> UInt32 {
        var little = number.littleEndian
        return unsafe withUnsafeBytes(of: &little) { unsafe of($0, from: start) }
    }
}
