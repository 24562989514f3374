/// A record that waits to be written.
///
/// A class, since it goes from hand to hand: to the queue's state, to a group, to the file.
final class WaitingRecord: Sendable {
    let payload: any HeldPayload
    let itemCount: Int
    /// Bytes of the payload.
    let byteCount: Int
    let firstFrame: FramePlan
    let otherFrames: [FramePlan]
    /// Bytes in the file, without what a cipher adds.
    let extent: Int
    let stored: @Sendable (Result<Void, JournalError>) -> Void

    init(
        _ payload: some HeldPayload,
        frameLimit: Int,
        directLimit: Int,
        stored: @escaping @Sendable (Result<Void, JournalError>) -> Void
    ) {
        self.payload = payload
        itemCount = payload.itemCount
        byteCount = payload.byteCount
        firstFrame = FramePlan(of: payload, from: 0, limit: frameLimit, directLimit: directLimit)
        var frames: [FramePlan] = []
        var item = firstFrame.items.upperBound
        while item < itemCount {
            frames.append(FramePlan(of: payload, from: item, limit: frameLimit, directLimit: directLimit))
            item = frames[frames.count - 1].items.upperBound
        }
        otherFrames = frames
        extent = frames.reduce(firstFrame.extent()) { $0 + $1.extent() }
        self.stored = stored
    }

    /// Bytes in the file where each payload grows by `overhead`.
    func extent(overhead: Int) -> Int {
        if overhead == 0 { return extent }
        return otherFrames.reduce(firstFrame.extent(overhead: overhead)) { $0 + $1.extent(overhead: overhead) }
    }
}
