/// What a loop does after its turn, see `LoopHandover`.
///
/// `@unchecked Sendable`: it is reached through a variable of one thread and never leaves that.
final class WorkAfterTurn: @unchecked Sendable {
    /// Somebody calls `run` when the turn is over.
    var isAwaited = false
    private var parts: [Part] = []

    private struct Part {
        let object: AnyObject
        let work: @Sendable () -> Void
    }

    func add<Object: AnyObject & Sendable>(_ object: Object, _ work: @escaping @Sendable (Object) -> Void) {
        for part in parts where part.object === object { return }
        parts.append(Part(object: object) { work(object) })
    }

    func run() {
        isAwaited = false
        let done = parts
        parts.removeAll(keepingCapacity: true)
        for part in done { part.work() }
    }
}
