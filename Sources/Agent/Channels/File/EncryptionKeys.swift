internal import Secure

/// The keys of a channel's encryption, read from their files.
struct EncryptionKeys: Sendable {
    struct Fault: Error {
        /// Relative to the channel.
        let key: String
        let message: String
    }

    private static let prefix = "encryption.keyProvider."

    let active: String
    let keys: [String: [UInt8]]

    /// Reads them all; blocks.
    init(_ settings: EncryptionSettings) throws(Fault) {
        active = settings.activeKey
        var keys: [String: [UInt8]] = [:]
        switch settings.provider {
        case .files(let files):
            for alias in settings.aliases {
                guard let path = files[alias] else { continue }
                keys[alias] = try Self.contents(of: path, "keys.\(alias).file")
            }
        case .store(let path, let passwordFile, let keyPasswordFiles):
            let password = try Self.password(passwordFile, "keyStorePasswordFile")
            let store = try Self.opened { () throws(TLSError) in try JavaKeyStore(path: path, password: password) }
            for alias in settings.aliases {
                var own: String?
                if let file = keyPasswordFiles[alias] { own = try Self.password(file, "keys.\(alias).passwordFile") }
                let found = try Self.opened { () throws(TLSError) in try store.secret(alias: alias, password: own) }
                guard found.algorithm.uppercased() == "AES" else {
                    throw Fault(
                        key: Self.prefix + "keys",
                        message: "the key `\(alias)` in \(path) is for \(found.algorithm), not for AES"
                    )
                }
                keys[alias] = found.bytes
            }
        }
        for alias in settings.aliases {
            guard let count = keys[alias]?.count, !CounterCipher.keySizes.contains(count) else { continue }
            throw Fault(
                key: Self.prefix + "keys",
                message: "the key `\(alias)` has \(count) bytes; AES takes 16, 24 or 32"
            )
        }
        self.keys = keys
    }

    private static func opened<Value>(_ open: () throws(TLSError) -> Value) throws(Fault) -> Value {
        do throws(TLSError) {
            return try open()
        } catch {
            let isKey = error.message.contains("key `")
            throw Fault(key: prefix + (isKey ? "keys" : "keyStoreFile"), message: error.message)
        }
    }

    /// The text of a file without blanks at its ends, as Flume reads a password.
    private static func password(_ path: String, _ key: String) throws(Fault) -> String {
        Setting.trimmed(String(decoding: try contents(of: path, key), as: UTF8.self))
    }

    private static func contents(of path: String, _ key: String) throws(Fault) -> [UInt8] {
        do throws(ConfigurationFault) {
            return try ConfigurationFile.contents(of: path)
        } catch {
            throw Fault(key: prefix + key, message: error.message)
        }
    }
}
