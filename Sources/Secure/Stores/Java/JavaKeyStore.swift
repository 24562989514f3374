/// A JKS or JCEKS store, read and checked; its keys are decrypted when they are asked for.
///
/// Aliases are looked up without case, as in Java.
package struct JavaKeyStore: Sendable {
    package enum Kind: String, Sendable, CustomStringConvertible {
        case jks = "JKS"
        case jceks = "JCEKS"

        init?(magic: Int) {
            switch magic {
            case 0xFEED_FEED: self = .jks
            case 0xCECE_CECE: self = .jceks
            default: return nil
            }
        }

        package var description: String { self.rawValue }
    }

    package let kind: Kind
    let path: String
    let entries: [JavaKeyStoreEntry]
    private let password: String?

    /// Reads a file. Throws `unreadableFile`, `wrongPassword` or `unusableStore`.
    package init(path: String, password: String?) throws(TLSError) {
        try self.init(bytes: try StoreFile(path: path).bytes, path: path, password: password)
    }

    /// - Parameters:
    ///   - path: for messages.
    ///   - password: the store's; nil leaves its integrity unchecked, as in Java.
    package init(bytes: [UInt8], path: String, password: String?) throws(TLSError) {
        let parsed: JavaKeyStoreParser.Result
        do throws(JavaKeyStoreParser.Fault) {
            var parser = JavaKeyStoreParser(bytes)
            parsed = try parser.parse()
        } catch {
            let kind = bytes.first == 0xCE ? Kind.jceks : .jks
            switch error {
            case .cut(let place):
                throw TLSError(
                    .unusableStore,
                    "the \(kind) store \(path) ends \(place); it was cut off: copy it again"
                )
            case .damaged(let what):
                throw TLSError(.unusableStore, "the \(kind) store \(path) is damaged: \(what)")
            }
        }
        self.kind = parsed.kind
        self.path = path
        self.entries = parsed.entries
        self.password = password
        if let password {
            // sun.security.provider.JavaKeyStore.getPreKeyedHash.
            let computed = Digest.sha1.of(Self.wide(password)[...], Self.whitener[...], parsed.signed)
            guard let computed, computed.elementsEqual(parsed.digest) else { throw self.mismatch(password) }
        }
    }

    /// The aliases of the secret keys, in the file's order.
    package var secretAliases: [String] {
        self.entries.compactMap { if case .secretKey = $0.content { $0.alias } else { nil } }
    }

    /// A secret key of a JCEKS store. Throws `wrongPassword` or `unusableStore`; the message holds path and alias.
    ///
    /// - Parameter password: the key's own; nil means the store's.
    package func secret(alias: String, password: String? = nil) throws(TLSError) -> SecretKey {
        let shown = JavaKeyStoreEntry.printable(alias)
        guard let entry = self.entries.first(where: { $0.alias == alias.lowercased() }) else {
            throw TLSError(
                .unusableStore,
                "the \(self.kind) store \(self.path) holds no key `\(shown)`; it holds "
                    + (self.entries.isEmpty ? "nothing" : self.entries.map(\.title).joined(separator: ", "))
            )
        }
        guard case .secretKey(let sealed) = entry.content else {
            throw TLSError(.unusableStore, "`\(shown)` in the \(self.kind) store \(self.path) is no secret key")
        }
        guard let password = password ?? self.password else {
            throw TLSError(.wrongPassword, "the key `\(shown)` in \(self.path) needs a password and none is given")
        }
        do throws(SealedKey.Fault) {
            return try sealed.open(password: password)
        } catch {
            switch error {
            case .wrongPassword:
                throw TLSError(.wrongPassword, "the password given does not open the key `\(shown)` in \(self.path)")
            case .unusable(let why):
                throw TLSError(.unusableStore, "the key `\(shown)` in \(self.path) cannot be used: \(why)")
            }
        }
    }

    private static let whitener = Array("Mighty Aphrodite".utf8)

    /// A password as Java digests it: UTF-16, big-endian.
    static func wide(_ password: String) -> [UInt8] {
        password.utf16.flatMap { [UInt8(truncatingIfNeeded: $0 >> 8), UInt8(truncatingIfNeeded: $0)] }
    }

    /// The digest differs though the file is whole: what its parts are tells whether it is the password.
    private func mismatch(_ password: String) -> TLSError {
        let store = "the \(self.kind) store \(self.path)"
        for entry in self.entries {
            if let what = entry.damage {
                return TLSError(.unusableStore, "\(store) is damaged: \(entry.title): \(what)")
            }
        }
        // One key is enough, and a file may ask for seconds of work for each.
        let firstKey = self.entries.first { if case .trustedCertificate = $0.content { false } else { true } }
        if firstKey?.opens(password) == true {
            return TLSError(
                .unusableStore,
                "\(store) is damaged: the password opens its key, but its digest is not that of the file"
            )
        }
        return TLSError(
            .wrongPassword,
            "the password given does not open \(store) (if it is right, the file was changed after it was made)"
        )
    }
}
