#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// The event headers that a sink looks at, laid out so that one pass over an event's map finds them all without an
/// allocation or a reference count.
struct RecordFields {
    enum Use: Equatable {
        case key
        case topic
        case partition
        case timestamp
        /// Goes along under the record header of this index.
        case header(Int)
    }

    private struct Field {
        let use: Use
        let start: Int
        let count: Int
    }

    private var names: [UInt8] = []
    private var fields: [Field] = []
    /// One bit for each length (modulo 64) that some name has.
    private var lengths: UInt64 = 0

    mutating func add(_ name: String, _ use: Use) {
        fields.append(Field(use: use, start: names.count, count: name.utf8.count))
        names.append(contentsOf: name.utf8)
        lengths |= 1 << UInt64(name.utf8.count & 63)
    }

    /// Whether the header of this key has a use of its own.
    func hasUse(of key: UnsafeRawBufferPointer) -> Bool {
        var isUsed = false
        unsafe forEachUse(of: key) { _ in isUsed = true }
        return isUsed
    }

    /// Calls `body` with every use that the header of this key has.
    @inline(__always)
    func forEachUse(of key: UnsafeRawBufferPointer, _ body: (Use) -> Void) {
        guard lengths & (1 << UInt64(key.count & 63)) != 0, let base = key.baseAddress else { return }
        unsafe names.withUnsafeBytes { names in
            for field in fields where field.count == key.count {
                guard let name = names.baseAddress else { return }
                if unsafe memcmp(name + field.start, base, key.count) == 0 { body(field.use) }
            }
        }
    }
}
