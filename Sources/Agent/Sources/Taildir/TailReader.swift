internal import Events
internal import NIOCore
internal import Synchronization

/// One open file and how far it is read. Its calls block: they are for the pool's threads, one at a time.
final class TailReader: Sendable {
    /// What a read came to.
    struct Outcome: Sendable {
        enum Ending: Sendable {
            /// All that the file held at this time is read.
            case atEnd
            case more
            /// The file holds another content now, which is read from its start from now on.
            ///
            /// - `end`: how far the old content was cut into events.
            /// - `rest`: what was read behind that, as events.
            case rewritten(end: ContentMark, rest: [LineCutter.Cut])
            case failed(FileFailure)
        }

        var cuts: [LineCutter.Cut] = []
        var ending = Ending.atEnd
        /// Bytes taken in.
        var count = 0
        var longLines = 0
        /// Whether a record waits for its end.
        var hasRecord = false
        /// Whether anything was read that is in no event.
        var hasRest = false
        var isDeleted = false
        /// When the file was changed last, as of a read that found the content to be as it was.
        var modified: Int64?
    }

    fileprivate struct State {
        let file: any ByteSource
        var cutter: LineCutter
        let make: @Sendable (ContentMark) -> LineCutter
        /// The file's last change that was looked at.
        var modified: Int64?
    }

    private let state: Mutex<State>

    /// - Parameter make: gives the cutter for a content, from a place in it on.
    init(_ file: any ByteSource, from start: ContentMark, make: @escaping @Sendable (ContentMark) -> LineCutter) {
        state = Mutex(State(file: file, cutter: make(start), make: make))
    }

    func read(batches: Int, blocks: ReadBlocks) -> Outcome {
        state.withLock { state in
            do throws(FileFailure) {
                return try state.read(batches: batches, blocks: blocks)
            } catch {
                return Outcome(cuts: state.cutter.takeCuts(), ending: .failed(error), hasRest: state.cutter.hasRest)
            }
        }
    }

    /// Makes events of what was read and has no end yet.
    func finish() -> [LineCutter.Cut] {
        state.withLock { state in
            state.cutter.finish()
            return state.cutter.takeCuts()
        }
    }

    /// Makes an event of the record that waits for more lines.
    func finishRecord() -> [LineCutter.Cut] {
        state.withLock { state in
            state.cutter.finishRecord()
            state.cutter.flush()
            return state.cutter.takeCuts()
        }
    }
}

extension TailReader.State {
    fileprivate mutating func read(batches: Int, blocks: ReadBlocks) throws(FileFailure) -> TailReader.Outcome {
        let status = try file.status()
        var outcome = TailReader.Outcome()
        outcome.isDeleted = status.links == 0
        if status.size < cutter.offset { return rewritten(outcome) }
        if status.size == cutter.offset, status.modified == modified {
            cutter.flush()
            return finished(outcome)
        }
        let overlap = cutter.overlap
        var block = blocks.take()
        defer { blocks.giveBack(block) }
        block.clear()
        let wanted = ReadBlocks.length + overlap.count
        let offset = cutter.offset - UInt64(overlap.count)
        let count = try file.read(into: &block, count: wanted, at: offset)
        // Where lines are alike, the bytes in front of the place may be those of another content.
        guard count >= overlap.count, block.readableBytesView.starts(with: overlap),
            try file.bytes(at: 0, count: cutter.head.count) == cutter.head
        else { return rewritten(outcome) }
        modified = status.modified
        outcome.count = unsafe block.withUnsafeReadableBytes { bytes in
            unsafe cutter.feed(UnsafeRawBufferPointer(rebasing: bytes[overlap.count...]), batches: batches)
        }
        if outcome.count < count - overlap.count || count == wanted {
            outcome.ending = .more
        } else {
            cutter.flush()
        }
        return finished(outcome)
    }

    private mutating func finished(_ outcome: TailReader.Outcome) -> TailReader.Outcome {
        var outcome = outcome
        outcome.cuts = cutter.takeCuts()
        outcome.longLines = cutter.takeLongLines()
        outcome.hasRecord = cutter.hasRecord
        outcome.hasRest = cutter.hasRest
        outcome.modified = modified
        return outcome
    }

    private mutating func rewritten(_ outcome: TailReader.Outcome) -> TailReader.Outcome {
        var outcome = outcome
        cutter.flush()
        outcome.cuts = cutter.takeCuts()
        outcome.longLines = cutter.takeLongLines()
        let end = cutter.end
        cutter.finish()
        outcome.ending = .rewritten(end: end, rest: cutter.takeCuts())
        cutter = make(.start)
        modified = nil
        return outcome
    }
}
