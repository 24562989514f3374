/// A payload of whatever type as an object: it goes from hand to hand as a pointer.
typealias HeldPayload = AnyObject & JournalPayload

/// Makes an object of a payload.
final class Held<Payload: JournalPayload>: JournalPayload {
    let payload: Payload
    let itemCount: Int
    let byteCount: Int

    init(_ payload: Payload) {
        self.payload = payload
        itemCount = payload.itemCount
        byteCount = payload.byteCount
    }

    convenience init?(stored bytes: UnsafeRawBufferPointer, itemCount: Int) {
        guard let payload = unsafe Payload(stored: bytes, itemCount: itemCount) else { return nil }
        self.init(payload)
    }

    func offset(ofItem index: Int) -> Int { payload.offset(ofItem: index) }

    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result { unsafe payload.withBytes(body) }
}
