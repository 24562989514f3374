import Dispatch
import Foundation
import Synchronization

/// A thread on which one task runs, and the children of it.
package final class ThreadExecutor: TaskExecutor {
    private let jobs = Mutex<[UnownedJob]>([])
    /// Once for each job; one more ends the thread.
    private let signal = DispatchSemaphore(value: 0)

    private init() {
        Thread { self.serve() }.start()
    }

    /// Runs `body`, which may block, on a thread of its own; the caller's task-local values hold in there.
    package static func run<Result: Sendable>(
        _ body: @concurrent @Sendable () async throws -> Result
    ) async rethrows -> Result {
        let thread = ThreadExecutor()
        defer { thread.signal.signal() }
        return try await withTaskExecutorPreference(thread, operation: body)
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.withLock { $0.append(job) }
        signal.signal()
    }

    private func serve() {
        while true {
            signal.wait()
            guard let job = jobs.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) else { return }
            job.runSynchronously(on: asUnownedTaskExecutor())
        }
    }
}
