import Foundation

@testable import Secure

/// Key and trust stores of every kind (JKS, JCEKS, PKCS12, PEM): a store is read or refused with one line that names its
/// file and never the password; nothing else.
enum JKSSubject {
    static let password = "changeit"
    private static let wrong = "never-the-password"

    static func check(_ bytes: [UInt8]) throws {
        guard !asksForMuchWork(bytes) else { return }
        try MemoryFile(bytes).use { path in
            for use in [Store.Use.identity, .anchors] {
                for word in [password, wrong, nil] {
                    let reference = StoreReference(path: path, password: word)
                    guard let store = try read(path, { () throws(TLSError) in try Store(reference, for: use) }) else {
                        continue
                    }
                    try require(
                        store.certificates.count <= bytes.count / 64,
                        "\(store.certificates.count) certificates"
                    )
                    if let identity = try read(path, { () throws(TLSError) in try store.identity() }) {
                        try require(identity.key.matches(identity.leaf), "a key with another's certificate")
                        try require(
                            identity.chain.count < store.certificates.count,
                            "a chain that is longer than the store"
                        )
                    }
                    _ = try read(path) { () throws(TLSError) in try store.anchors() }
                }
            }
            try java(bytes, path)
        }
    }

    /// A Java store without its digest, which no change of a byte would leave right: its entries, one by one.
    private static func java(_ bytes: [UInt8], _ path: String) throws {
        let open = { () throws(TLSError) in try JavaKeyStore(bytes: bytes, path: path, password: nil) }
        guard let store = try read(path, open) else { return }
        for entry in store.entries {
            for der in entry.certificates {
                _ = try read(path) { () throws(TLSError) in try store.certificate(der, of: entry) }
            }
            if case .privateKey = entry.content {
                _ = try read(path) { () throws(TLSError) in try store.privateKey(of: entry, password: password) }
            }
            _ = entry.damage
        }
        for alias in store.secretAliases {
            _ = try read(path) { () throws(TLSError) in try store.secret(alias: alias, password: password) }
        }
        try require(store.entries.count <= bytes.count / 10, "\(store.entries.count) entries in \(bytes.count) bytes")
    }

    /// The value, or `nil` after an error in good form.
    private static func read<Value>(_ path: String, _ body: () throws(TLSError) -> Value) throws -> Value? {
        do throws(TLSError) {
            return try body()
        } catch {
            let message = error.message
            try require(message.contains(path), "an error that does not name its file: \(message)")
            try require(!message.contains(wrong), "an error that shows the password")
            try require(
                !message.unicodeScalars.contains { $0.value < 0x20 },
                "an error of more than one line: \(message)"
            )
            return nil
        }
    }

    /// Stores may ask for up to five million rounds of a digest, which is allowed and takes seconds: left out, where the
    /// number stands behind a salt as everybody writes it.
    private static func asksForMuchWork(_ bytes: [UInt8]) -> Bool {
        for start in bytes.indices where bytes[start] == 0x04 && start + 1 < bytes.count {
            let number = start + 2 + Int(bytes[start + 1])
            guard number + 1 < bytes.count, bytes[number] == 0x02 else { continue }
            let value = bytes[(number + 2)...].prefix(Int(bytes[number + 1])).prefix(8)
            if value.reduce(UInt64(0), { $0 << 8 | UInt64($1) }) > 12_000 { return true }
        }
        return false
    }
}
