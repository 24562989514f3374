package import NIOCore
internal import NIOPosix

/// Work that other threads hand over to event loops, and event loops to other threads.
///
/// A loop that sleeps is woken by the first piece, and may then run on the very core of the thread that still has others to
/// hand over: they take turns, once for each piece. Who has many therefore gathers them. The other way round, a thread that a
/// loop wakes finds no more than the first of what the loop has for it: it is woken after the loop's turn.
package enum LoopHandover {
    /// What a thread has gathered so far.
    private static let gathered: ThreadSpecificVariable<GatheredWork> = ThreadSpecificVariable()
    /// What is to be done on a loop's thread after the turn that it is in.
    private static let turns: ThreadSpecificVariable<WorkAfterTurn> = ThreadSpecificVariable()

    /// Runs `work` on a loop: at once where this is the loop's thread, else as soon as the loop comes to it.
    package static func run(on loop: any EventLoop, _ work: @escaping @Sendable () -> Void) {
        if loop.inEventLoop {
            work()
        } else if let gathered = gathered.currentValue, gathered.place != nil {
            gathered.add(work, for: loop)
        } else {
            loop.execute(work)
        }
    }

    /// Calls `body` and then `rest`; what they hand over goes to each loop in one piece, in order, when both have returned.
    /// Within another call it goes with what that one gathers.
    ///
    /// What `body` hands over counts as a turn of the loop: what it leaves for after the turn comes before what `rest` hands
    /// over.
    package static func gather(_ body: () -> Void, then rest: () -> Void = {}) {
        let gathered = own(gathered) { GatheredWork() }
        guard gathered.place == nil else {
            body()
            return rest()
        }
        gathered.place = .turn
        body()
        gathered.place = .rest
        rest()
        gathered.place = nil
        gathered.send()
    }

    /// Calls `work` with `object` once, however often this is called, when this thread's loop has done all that it had at
    /// hand; at once where this thread has no loop.
    package static func afterTurn<Object: AnyObject & Sendable>(
        _ object: Object,
        _ work: @escaping @Sendable (Object) -> Void
    ) {
        if let turn = turns.currentValue, turn.isAwaited { return turn.add(object, work) }
        guard let loop = MultiThreadedEventLoopGroup.currentEventLoop else { return work(object) }
        let turn = own(turns) { WorkAfterTurn() }
        turn.add(object, work)
        turn.isAwaited = true
        loop.execute { own(turns) { WorkAfterTurn() }.run() }
    }

    /// Runs, on a loop's thread, what was gathered for it.
    static func run(_ pieces: [GatheredWork.Piece], then rest: [GatheredWork.Piece]) {
        let turn = own(turns) { WorkAfterTurn() }
        let isOutermost = !turn.isAwaited
        turn.isAwaited = true
        for piece in pieces { piece.run() }
        if isOutermost { turn.run() }
        for piece in rest { piece.run() }
    }

    /// The value that this thread has of its own.
    private static func own<Value: AnyObject>(_ variable: ThreadSpecificVariable<Value>, _ make: () -> Value) -> Value {
        if let value = variable.currentValue { return value }
        let value = make()
        variable.currentValue = value
        return value
    }
}
