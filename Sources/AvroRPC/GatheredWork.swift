internal import NIOCore

/// What one thread has gathered for a few loops, see `LoopHandover`.
///
/// `@unchecked Sendable`: it is reached through a variable of one thread and never leaves that.
final class GatheredWork: @unchecked Sendable {
    private struct Part {
        let loop: any EventLoop
        var work: [@Sendable () -> Void] = []
        var rest: [@Sendable () -> Void] = []
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
        let index = parts.firstIndex { $0.loop === loop } ?? parts.endIndex
        if index == parts.endIndex { parts.append(Part(loop: loop)) }
        if place == .rest { parts[index].rest.append(work) } else { parts[index].work.append(work) }
    }

    func send() {
        for part in parts {
            let (work, rest) = (part.work, part.rest)
            part.loop.execute { LoopHandover.run(work, then: rest) }
        }
        parts.removeAll(keepingCapacity: true)
    }
}
