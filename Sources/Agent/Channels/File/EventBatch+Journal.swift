internal import Events
internal import Journal
internal import NIOCore

/// A batch is one record of a durable queue, and its events are the record's items.
extension EventBatch: JournalPayload {
    package var itemCount: Int { count }

    package func offset(ofItem index: Int) -> Int { offset(of: index) }

    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        unsafe bytes.withUnsafeReadableBytes { unsafe body($0) }
    }

    package init?(stored bytes: UnsafeRawBufferPointer, itemCount: Int) {
        unsafe self.init(stored: bytes, count: itemCount)
    }
}
