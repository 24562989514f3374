internal import Synchronization

/// The hashes of protocols that clients have shown the text of, for the life of a server, as Java keeps them; bounded,
/// where Java's table grows with every text a peer makes up.
package final class ProtocolMemory: Sendable {
    /// More than the versions of Flume there ever were.
    private static let limit = 64
    private let hashes = Mutex<[[UInt8]]>([])

    package init() {}

    func contains(_ hash: [UInt8]) -> Bool {
        hashes.withLock { $0.contains(hash) }
    }

    /// Remembers a hash; the oldest is forgotten when there are too many.
    func insert(_ hash: [UInt8]) {
        hashes.withLock { hashes in
            guard !hashes.contains(hash) else { return }
            if hashes.count == Self.limit { hashes.removeFirst() }
            hashes.append(hash)
        }
    }
}
