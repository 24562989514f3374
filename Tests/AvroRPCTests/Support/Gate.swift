import Foundation
import NIOPosix

/// Holds a thread until it is opened.
final class Gate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    func wait() {
        semaphore.wait()
        semaphore.signal()
    }
    func open() { semaphore.signal() }
}

enum SocketLoops {
    static let group = MultiThreadedEventLoopGroup.singleton
}
