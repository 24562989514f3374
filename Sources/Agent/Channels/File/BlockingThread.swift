internal import Journal

/// For what waits for a disk: a thread of its own, so that neither an event loop nor Swift's pool waits with it.
enum BlockingThread {
    /// Runs `body`; `nil`, without having run it, where the process has too many threads. `name` is the thread's.
    static func run<Result: Sendable>(_ name: String, _ body: @escaping @Sendable () -> Result) async -> Result? {
        await withCheckedContinuation { continuation in
            let isStarted = WorkerThread.start(name: name) { continuation.resume(returning: body()) }
            if !isStarted { continuation.resume(returning: nil) }
        }
    }
}
