/// Takes a JKS or JCEKS file apart (sun.security.provider.JavaKeyStore, com.sun.crypto.provider.JceKeyStore):
///
///     magic u4 · version u4 (1, 2) · count u4 · entries · SHA-1 of the password, a fixed text and all before (20 bytes)
///     entry: tag u4 · alias · date u8 · content
///       1: length u4 · key · count u4 · certificates      2: certificate      3: a serialized object
///     certificate: type (version 2) · length u4 · DER
///
/// Texts are Java's modified UTF-8 behind two bytes of length. No number of the file makes it take memory.
struct JavaKeyStoreParser {
    /// Everything between the first byte and the digest, and the digest.
    struct Result {
        let kind: JavaKeyStore.Kind
        let entries: [JavaKeyStoreEntry]
        let signed: ArraySlice<UInt8>
        let digest: ArraySlice<UInt8>
    }

    enum Fault: Error {
        /// The file is shorter than it says; the text says where it ends.
        case cut(String)
        case damaged(String)
    }

    /// A chain is a handful; Java sets no limits.
    static let longestChain = 100
    /// One key or certificate. An RSA key of 16,384 bits takes 10 KB.
    static let largestItem = 1 << 20

    private let bytes: [UInt8]
    private var cursor: ByteCursor

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        self.cursor = ByteCursor(bytes[...])
    }

    mutating func parse() throws(Fault) -> Result {
        let head: (magic: Int, version: Int, count: Int)
        do throws(ByteCursor.EndReached) {
            head = (try self.cursor.int(), try self.cursor.int(), try self.cursor.int())
        } catch {
            throw .cut("in its first 12 bytes")
        }
        guard let kind = JavaKeyStore.Kind(magic: head.magic) else {
            throw .damaged("its first bytes are not a store's")
        }
        guard head.version == 1 || head.version == 2 else {
            throw .damaged("its version is \(head.version), not 1 or 2")
        }
        var entries: [JavaKeyStoreEntry] = []
        while entries.count < head.count {
            let place = "entry \(entries.count + 1) of \(head.count)"
            do throws(Problem) {
                entries.append(try self.entry(kind, version: head.version, number: entries.count + 1))
            } catch {
                switch error {
                case .end: throw .cut("in the middle of \(place)")
                case .wrong(let what): throw .damaged("\(place): \(what)")
                }
            }
        }
        let end = self.cursor.offset
        guard let digest = try? self.cursor.take(Digest.sha1.size) else {
            throw .cut("in its last 20 bytes, the digest behind \(head.count) entries")
        }
        // What follows the digest is not looked at, as in Java.
        return Result(kind: kind, entries: entries, signed: self.bytes[..<end], digest: digest)
    }

    private enum Problem: Error {
        case end
        case wrong(String)
    }

    private mutating func entry(
        _ kind: JavaKeyStore.Kind,
        version: Int,
        number: Int
    ) throws(Problem) -> JavaKeyStoreEntry {
        let tag = try self.int()
        let alias = try self.text()
        _ = try self.take(8)
        let content: JavaKeyStoreEntry.Content
        switch (tag, kind) {
        case (1, _):
            let key = try self.item("a key")
            let count = try self.int()
            guard count <= Self.longestChain else { throw .wrong("a chain of \(count) certificates") }
            var chain: [ArraySlice<UInt8>] = []
            for _ in 0..<count { chain.append(try self.certificate(version)) }
            content = .privateKey(key, chain: chain)
        case (2, _):
            content = .trustedCertificate(try self.certificate(version))
        case (3, .jceks):
            content = .secretKey(try self.sealedKey())
        default:
            throw .wrong("its kind is \(tag), which \(kind) does not have")
        }
        return JavaKeyStoreEntry(alias: alias.lowercased(), content: content, number: number)
    }

    private mutating func certificate(_ version: Int) throws(Problem) -> ArraySlice<UInt8> {
        if version == 2 {
            let type = try self.text()
            guard type == "X.509" || type == "X509" else {
                throw .wrong("a certificate of type `\(JavaKeyStoreEntry.printable(type))`, not X.509")
            }
        }
        return try self.item("a certificate")
    }

    private mutating func item(_ what: String) throws(Problem) -> ArraySlice<UInt8> {
        let count = try self.int()
        guard count <= Self.largestItem else { throw .wrong("\(what) of \(count) bytes") }
        return try self.take(count)
    }

    private mutating func sealedKey() throws(Problem) -> SealedKey {
        // The object does not say how long it is: what it is made of does.
        var reader = JavaObjectReader(self.cursor)
        let object: JavaValue
        do throws(JavaObjectReader.Fault) {
            object = try reader.read()
        } catch {
            switch error {
            case .end: throw .end
            case .wrong(let what): throw .wrong("a sealed key that cannot be read: \(what)")
            }
        }
        self.cursor = reader.cursor
        guard let key = SealedKey(object) else { throw .wrong("a sealed key that lacks its parts") }
        return key
    }

    private mutating func int() throws(Problem) -> Int {
        do { return try self.cursor.int() } catch { throw .end }
    }

    private mutating func text() throws(Problem) -> String {
        do { return try self.cursor.text() } catch { throw .end }
    }

    private mutating func take(_ count: Int) throws(Problem) -> ArraySlice<UInt8> {
        do { return try self.cursor.take(count) } catch { throw .end }
    }
}
