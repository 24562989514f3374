internal import Synchronization

/// Collects the notes of a component while it is made.
final class NoteBox: Sendable {
    private let notes = Mutex<[Diagnostic]>([])

    var all: [Diagnostic] { notes.withLock { $0 } }

    func add(_ note: Diagnostic) { notes.withLock { $0.append(note) } }
}
