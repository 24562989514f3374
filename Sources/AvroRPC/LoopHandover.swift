package import NIOCore
internal import NIOPosix

/// Work that other threads hand over to event loops.
///
/// A loop that sleeps is woken by the first piece, and may then run on the very core of the thread that still has others to
/// hand over: they take turns, once for each piece. Who has many therefore gathers them.
package enum LoopHandover {
    /// What a thread has gathered so far.
    private static let gathered: ThreadSpecificVariable<GatheredWork> = ThreadSpecificVariable()

    /// Runs `work` on a loop: at once where this is the loop's thread, else as soon as the loop comes to it.
    package static func run(on loop: any EventLoop, _ work: @escaping @Sendable () -> Void) {
        if loop.inEventLoop {
            work()
        } else if let gathered = gathered.currentValue {
            gathered.add(work, for: loop)
        } else {
            loop.execute(work)
        }
    }

    /// Calls `body`; what it hands over goes to each loop in one piece, in order, when `body` returns. Within another call it
    /// goes with what that one gathers.
    package static func gather(_ body: () -> Void) {
        guard self.gathered.currentValue == nil else { return body() }
        let gathered = GatheredWork()
        self.gathered.currentValue = gathered
        body()
        self.gathered.currentValue = nil
        gathered.send()
    }
}

/// Work for a few loops.
///
/// `@unchecked Sendable`: it is reached through a variable of one thread and never leaves that.
private final class GatheredWork: @unchecked Sendable {
    private var parts: [(loop: any EventLoop, work: [@Sendable () -> Void])] = []

    func add(_ work: @escaping @Sendable () -> Void, for loop: any EventLoop) {
        if let index = parts.firstIndex(where: { $0.loop === loop }) {
            parts[index].work.append(work)
        } else {
            parts.append((loop, [work]))
        }
    }

    func send() {
        for (loop, work) in parts {
            loop.execute {
                for piece in work { piece() }
            }
        }
    }
}
