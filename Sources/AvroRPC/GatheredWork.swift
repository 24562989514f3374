internal import NIOCore

/// What one thread has gathered for a few loops, see `LoopHandover`.
///
/// `@unchecked Sendable`: it is reached through a variable of one thread and never leaves that.
final class GatheredWork: @unchecked Sendable {
    /// Something to do. Closures that are elements of an array themselves get a second context each.
    struct Piece: Sendable {
        let run: @Sendable () -> Void
    }

    private struct Part {
        let loop: any EventLoop
        var work: [Piece] = []
        var rest: [Piece] = []

        mutating func add(_ piece: Piece, _ place: Place?) {
            if place == .rest { rest.append(piece) } else { work.append(piece) }
        }
    }

    /// Where what is added goes.
    enum Place {
        case turn
        /// After the turn.
        case rest
    }

    /// Nil where no `gather` is under way on this thread.
    var place: Place?
    private var parts: [Part] = []

    func add(_ work: @escaping @Sendable () -> Void, for loop: any EventLoop) {
        let piece = Piece(run: work)
        for index in parts.indices where parts[index].loop === loop { return parts[index].add(piece, place) }
        var part = Part(loop: loop)
        part.add(piece, place)
        parts.append(part)
    }

    func send() {
        for part in parts {
            let (work, rest) = (part.work, part.rest)
            part.loop.execute { LoopHandover.run(work, then: rest) }
        }
        parts.removeAll(keepingCapacity: true)
    }
}
