import Journal

/// Hides bytes by a key, a segment's nonce and a place, with a tag that tells a wrong key.
struct TestCipher: JournalCipher {
    var key: UInt64

    func newParameters() -> [UInt8] {
        Array("key-\(key)-".utf8) + (0..<8).map { _ in UInt8.random(in: 0...255) }
    }

    func segment(_ parameters: [UInt8]) throws(JournalError) -> any JournalSegmentCipher {
        let name = Array("key-\(key)-".utf8)
        guard parameters.starts(with: name) else {
            throw JournalError(
                .key,
                "the key store has no key \(String(decoding: parameters.prefix(6), as: UTF8.self))"
            )
        }
        return TestSegmentCipher(start: parameters.reduce(key) { $0 &* 31 &+ UInt64($1) })
    }
}

struct TestSegmentCipher: JournalSegmentCipher {
    let start: UInt64
    var overhead: Int { 8 }

    func seal(_ plain: UnsafeRawBufferPointer, into sealed: UnsafeMutableRawBufferPointer, offset: Int) {
        for index in plain.indices { sealed[index] = plain[index] ^ mask(offset, index) }
        var tag = tag(plain, offset)
        withUnsafeBytes(of: &tag) {
            UnsafeMutableRawBufferPointer(rebasing: sealed[plain.count...]).copyMemory(from: $0)
        }
    }

    func open(_ sealed: UnsafeMutableRawBufferPointer, offset: Int) -> Int? {
        guard sealed.count >= 8 else { return nil }
        let count = sealed.count - 8
        for index in 0..<count { sealed[index] ^= mask(offset, index) }
        let plain = UnsafeRawBufferPointer(rebasing: sealed[..<count])
        let stored = UnsafeRawBufferPointer(sealed).loadUnaligned(fromByteOffset: count, as: UInt64.self)
        return stored == tag(plain, offset) ? count : nil
    }

    private func mask(_ offset: Int, _ index: Int) -> UInt8 {
        UInt8(truncatingIfNeeded: (start &+ UInt64(offset)) &* 0x9E37_79B9_7F4A_7C15 >> UInt64(index % 57))
    }

    private func tag(_ plain: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
        plain.reduce(start &+ UInt64(offset)) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}
