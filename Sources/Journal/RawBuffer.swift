/// Memory for reading and writing, freed with its owner.
///
/// `@unchecked Sendable`: the engine that owns it is locked whenever it is used.
@safe
final class RawBuffer: @unchecked Sendable {
    private(set) var bytes: UnsafeMutableRawBufferPointer

    init(count: Int) {
        unsafe bytes = .allocate(byteCount: count, alignment: 4_096)
    }

    deinit {
        unsafe bytes.deallocate()
    }

    var count: Int { unsafe bytes.count }

    /// Makes room for `count` bytes; the contents are kept.
    func reserve(_ count: Int) {
        guard count > self.count else { return }
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 4_096)
        unsafe larger.copyMemory(from: UnsafeRawBufferPointer(bytes))
        unsafe bytes.deallocate()
        unsafe bytes = unsafe larger
    }

    /// Gives memory back after a spike; the contents are lost.
    func shrink(to count: Int) {
        guard self.count > count else { return }
        unsafe bytes.deallocate()
        unsafe bytes = .allocate(byteCount: count, alignment: 4_096)
    }

    subscript(range: Range<Int>) -> UnsafeMutableRawBufferPointer {
        unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[range])
    }
}
