/// One entry of a JKS or JCEKS store, as slices of the file; nothing in it is decrypted or parsed further.
struct JavaKeyStoreEntry: Sendable {
    enum Content: Sendable {
        /// Tag 1: an EncryptedPrivateKeyInfo (RFC 5208, 6) and the certificate's chain, the leaf first, as DER.
        case privateKey(ArraySlice<UInt8>, chain: [ArraySlice<UInt8>])
        /// Tag 2: a certificate that is trusted, as DER.
        case trustedCertificate(ArraySlice<UInt8>)
        /// Tag 3, JCEKS only: a secret key, sealed.
        case secretKey(SealedKey)
    }

    /// As Java looks it up: without case.
    let alias: String
    let content: Content
    /// Counted from 1, for messages.
    let number: Int

    var certificates: [ArraySlice<UInt8>] {
        switch self.content {
        case .privateKey(_, let chain): chain
        case .trustedCertificate(let certificate): [certificate]
        case .secretKey: []
        }
    }

    /// `entry 2 (flume)`: aliases come from a file that others wrote, so only printable ASCII of them, and not much.
    var title: String { "entry \(self.number) (\(Self.printable(self.alias)))" }

    static func printable(_ text: String) -> String {
        let clean = text.utf8.prefix(64).map { (0x20..<0x7F).contains($0) ? $0 : UInt8(ascii: "?") }
        return String(decoding: clean, as: Unicode.ASCII.self)
    }
}
