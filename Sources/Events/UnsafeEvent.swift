/// One event of a batch, as pointers into the batch's bytes: no allocation, no reference counting.
///
/// Only valid inside the closure that handed it out. The bytes were checked when the batch was made, so reading them
/// again cannot fail.
@unsafe public struct UnsafeEvent {
    /// The whole datum: header map, then body.
    public let bytes: UnsafeRawBufferPointer

    @inline(__always)
    init(_ bytes: UnsafeRawBufferPointer) {
        unsafe self.bytes = unsafe bytes
    }

    /// Calls `body` with each header's key and value, in the order on the wire.
    ///
    /// Returns the offset behind the map, where the body's length stands.
    @discardableResult
    @inline(__always)
    public func forEachHeader(
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Void
    ) -> Int {
        var reader = unsafe AvroReader(bytes)
        do throws(AvroError) {
            while let block = try unsafe reader.block(minimum: 2) {
                for _ in 0..<block.entries {
                    let key = try unsafe reader.bytes()
                    let value = try unsafe reader.bytes()
                    unsafe body(reader.slice(key), reader.slice(value))
                }
            }
        } catch {
            assertionFailure("a batch's bytes changed after they were checked: \(error)")
        }
        return unsafe reader.position
    }

    /// The event's body.
    public var body: UnsafeRawBufferPointer {
        unsafe body(at: forEachHeader { _, _ in })
    }

    /// The event's body, when the offset behind the map is known from `forEachHeader`.
    @inline(__always)
    public func body(at offset: Int) -> UnsafeRawBufferPointer {
        var reader = unsafe AvroReader(bytes, from: offset)
        do throws(AvroError) {
            let range = try unsafe reader.bytes()
            return unsafe reader.slice(range)
        } catch {
            assertionFailure("a batch's bytes changed after they were checked: \(error)")
            return unsafe UnsafeRawBufferPointer(start: nil, count: 0)
        }
    }

    /// The value of a header, `nil` where the event does not have it.
    public func header(_ name: StaticHeaderName) -> UnsafeRawBufferPointer? {
        unsafe header(named: name.utf8)
    }

    /// The value of a header given by the UTF-8 of its name, `nil` where the event does not have it.
    public func header(named name: [UInt8]) -> UnsafeRawBufferPointer? {
        var found: UnsafeRawBufferPointer?
        unsafe forEachHeader { key, value in
            if unsafe key.count == name.count && key.elementsEqual(name) { unsafe found = unsafe value }
        }
        return unsafe found
    }
}

/// A header's name with its UTF-8 made once, for look-ups on hot paths.
public struct StaticHeaderName: Hashable, Sendable {
    public let utf8: [UInt8]

    public init(_ name: String) {
        self.utf8 = Array(name.utf8)
    }

    public var name: String { String(decoding: utf8, as: UTF8.self) }
}
