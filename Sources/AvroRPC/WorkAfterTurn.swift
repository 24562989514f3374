/// What a loop does after its turn, see `LoopHandover`.
///
/// `@unchecked Sendable`: it is reached through a variable of one thread and never leaves that.
final class WorkAfterTurn: @unchecked Sendable {
    /// Somebody calls `run` when the turn is over.
    var isAwaited = false
    private var parts: [(object: AnyObject, work: @Sendable () -> Void)] = []

    func add<Object: AnyObject & Sendable>(_ object: Object, _ work: @escaping @Sendable (Object) -> Void) {
        if parts.contains(where: { $0.object === object }) { return }
        parts.append((object, { work(object) }))
    }

    func run() {
        isAwaited = false
        let done = parts
        parts.removeAll(keepingCapacity: true)
        for part in done { part.work() }
    }
}
