import Agent
import NIOCore
import NIOPosix

/// Clients at work on event loops, of which there are as many as an agent starts.
struct BenchClients {
    let loops = MultiThreadedEventLoopGroup(numberOfThreads: EventLoops.count(cores: System.coreCount))

    /// Brings batches until the time is up or so many bytes are brought; returns how long each took, in seconds.
    func bring(
        _ payload: BenchPayload,
        by count: Int,
        to queue: JournalBench.Queue,
        seconds: Double = .infinity,
        bytes: Int = .max
    ) throws -> [Double] {
        let quota = BenchQuota(seconds: seconds, bytes: bytes)
        let clients = (0..<count).map { _ in BenchClient(queue, on: loops.next(), payload, quota) }
        return try clients.map { $0.run() }.flatMap { try $0.wait() }
    }
}
