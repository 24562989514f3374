/// A record that waits to be written.
///
/// A class, since it goes from hand to hand: to the queue's state, to a group, to the file.
final class WaitingRecord: Sendable {
    let payload: any JournalPayload
    let itemCount: Int
    /// Bytes of the payload.
    let byteCount: Int
    let frames: [FramePlan]
    /// Bytes in the file, without what a cipher adds.
    let extent: Int
    let stored: @Sendable (Result<Void, JournalError>) -> Void

    init(
        _ payload: some JournalPayload,
        frameLimit: Int,
        directLimit: Int,
        stored: @escaping @Sendable (Result<Void, JournalError>) -> Void
    ) {
        self.payload = payload
        itemCount = payload.itemCount
        byteCount = payload.byteCount
        frames = FramePlan.cut(payload, limit: frameLimit, directLimit: directLimit)
        extent = frames.reduce(0) { $0 + $1.extent() }
        self.stored = stored
    }

    /// Bytes in the file where each payload grows by `overhead`.
    func extent(overhead: Int) -> Int {
        if overhead == 0 { return extent }
        return frames.reduce(0) { $0 + $1.extent(overhead: overhead) }
    }
}
