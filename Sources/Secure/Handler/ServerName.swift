import NIOCore

/// A host as the configuration names it, ready for SNI and for the check of a certificate.
struct ServerName {
    /// Without the brackets and zone of an IPv6 literal, and without a name's last dot.
    let text: String
    let isAddress: Bool

    init(_ host: String) {
        var text = host[...]
        if text.hasPrefix("["), text.hasSuffix("]") { text = text.dropFirst().dropLast() }
        let address = text.prefix { $0 != "%" }
        if (try? SocketAddress(ipAddress: String(address), port: 0)) != nil {
            self.text = String(address)
            self.isAddress = true
        } else {
            if text.hasSuffix(".") { text = text.dropLast() }
            self.text = String(text)
            self.isAddress = false
        }
    }
}
