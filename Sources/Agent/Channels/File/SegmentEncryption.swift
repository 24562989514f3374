internal import Journal
internal import Secure

/// Hides the payloads of a queue with AES in counter mode, each segment with the key that was active when it was begun.
///
/// A segment's header keeps, in the clear:
///
///      0 1, the version     1 nonce (12)     13 8 bytes by which the key is known again     21 the key's alias, UTF-8
///
/// A frame's first counter block is the nonce and, big-endian in 4 bytes, its offset by 16. A frame is 40 bytes and its
/// payload, so no block comes twice in a segment.
struct SegmentEncryption: JournalCipher {
    private static let version: UInt8 = 1
    private static let nonceSize = 12
    private static let checkSize = 8
    private static let headSize = 1 + nonceSize + checkSize

    let active: String
    let keys: [String: [UInt8]]

    init(_ keys: EncryptionKeys) {
        self.init(active: keys.active, keys: keys.keys)
    }

    init(active: String, keys: [String: [UInt8]]) {
        self.active = active
        self.keys = keys
    }

    func newParameters() -> [UInt8] {
        let nonce = (0..<Self.nonceSize).map { _ in UInt8.random(in: 0...255) }
        // The keys were looked at when they were read: without a check the segment would not open, which is told.
        let check = keys[active].flatMap { try? CounterCipher(key: $0) }.map { Self.check($0, nonce) } ?? []
        return [Self.version] + nonce + check + Array(active.utf8)
    }

    func segment(_ parameters: [UInt8]) throws(JournalError) -> any JournalSegmentCipher {
        guard parameters.count > Self.headSize, parameters[0] == Self.version else {
            throw JournalError(.key, "a segment is encrypted in a way that this version does not know")
        }
        let alias = String(decoding: parameters[Self.headSize...], as: UTF8.self)
        guard let key = keys[alias] else {
            throw JournalError(
                .key,
                "a segment that is not delivered yet is encrypted with the key `\(alias)`, which is not configured "
                    + "(\(keys.keys.sorted().map { "`\($0)`" }.joined(separator: ", ")) is); add it to "
                    + "encryption.keyProvider.keys until the channel has drained"
            )
        }
        let nonce = Array(parameters[1..<(1 + Self.nonceSize)])
        let cipher: CounterCipher
        let check: [UInt8]
        do throws(TLSError) {
            cipher = try CounterCipher(key: key)
            check = Self.check(cipher, nonce)
        } catch {
            throw JournalError(.key, "the key `\(alias)` cannot be used: \(error)")
        }
        guard check.elementsEqual(parameters[(1 + Self.nonceSize)..<Self.headSize]) else {
            throw JournalError(
                .key,
                "a segment that is not delivered yet is encrypted with another key than what `\(alias)` is now; give that "
                    + "alias the key that it had, and a new key a new alias"
            )
        }
        return Cipher(cipher: cipher, nonce: nonce)
    }

    /// The key stream of the one block that no frame reaches.
    private static func check(_ cipher: CounterCipher, _ nonce: [UInt8]) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: checkSize)
        unsafe block.withUnsafeMutableBytes { bytes in
            unsafe cipher.apply(counter: nonce + [255, 255, 255, 255], to: UnsafeRawBufferPointer(bytes), into: bytes)
        }
        return block
    }

    private struct Cipher: JournalSegmentCipher {
        let cipher: CounterCipher
        let nonce: [UInt8]

        var overhead: Int { 0 }

        func seal(_ plain: UnsafeRawBufferPointer, into sealed: UnsafeMutableRawBufferPointer, offset: Int) {
            unsafe cipher.apply(counter: counter(offset), to: plain, into: sealed)
        }

        func open(_ sealed: UnsafeMutableRawBufferPointer, offset: Int) -> Int? {
            unsafe cipher.apply(counter: counter(offset), to: UnsafeRawBufferPointer(sealed), into: sealed)
            return sealed.count
        }

        private func counter(_ offset: Int) -> [UInt8] {
            let block = UInt32(truncatingIfNeeded: offset / 16)
            return nonce + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: block >> $0) }
        }
    }
}
