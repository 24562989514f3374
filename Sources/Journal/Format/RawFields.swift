#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Little-endian fields of any alignment. The caller has checked that they lie within the buffer.
extension UnsafeRawBufferPointer {
    @inline(__always)
    func field<Value: FixedWidthInteger & BitwiseCopyable>(_ offset: Int, as type: Value.Type = Value.self) -> Value {
        unsafe Value(littleEndian: loadUnaligned(fromByteOffset: offset, as: type))
    }
}

extension UnsafeMutableRawBufferPointer {
    @inline(__always)
    func set<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value, at offset: Int) {
        unsafe storeBytes(of: value.littleEndian, toByteOffset: offset, as: Value.self)
    }

    /// Zeroes all of it.
    func clear() {
        guard let start = baseAddress else { return }
        unsafe memset(start, 0, count)
    }
}
