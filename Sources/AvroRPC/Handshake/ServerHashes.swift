internal import DequeModule
internal import Synchronization

/// Under which hash each server last knew the protocol, so that the next connection to it names that hash and is answered
/// BOTH, as Java's client does. Java's table grows with every address for the life of its JVM; this one forgets the
/// oldest.
final class ServerHashes: Sendable {
    /// Of the whole process.
    static let shared = ServerHashes(limit: 1024)

    private struct State {
        var hashes: [String: [UInt8]] = [:]
        /// In the order in which they were first learnt.
        var addresses: Deque<String> = []
    }

    private let limit: Int
    private let state = Mutex(State())

    init(limit: Int) { self.limit = limit }

    /// - Parameter address: `ip:port` of the peer, as Java's client keeps it: a name may stand for servers of two versions.
    func hash(of address: String) -> [UInt8]? {
        state.withLock { $0.hashes[address] }
    }

    func remember(_ hash: [UInt8], of address: String) {
        state.withLock { state in
            guard state.hashes.updateValue(hash, forKey: address) == nil else { return }
            state.addresses.append(address)
            if state.addresses.count > limit, let oldest = state.addresses.popFirst() { state.hashes[oldest] = nil }
        }
    }
}
