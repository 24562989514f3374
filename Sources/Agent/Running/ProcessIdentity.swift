/// Names one life of this process to its peers.
enum ProcessIdentity {
    /// 16 random bytes, drawn once.
    static let bytes: [UInt8] = {
        var generator = SystemRandomNumberGenerator()
        return (0..<16).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }()
}
