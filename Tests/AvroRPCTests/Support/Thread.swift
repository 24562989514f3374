import Foundation

extension Thread {
    /// Runs work that blocks on a thread of its own.
    static func start(_ work: @escaping @Sendable () -> Void) {
        Thread { work() }.start()
    }
}
