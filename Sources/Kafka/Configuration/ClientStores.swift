internal import Agent
internal import Secure

/// The key and trust stores of a Kafka client under the Java client's names (`ssl.keystore.*`, `ssl.truststore.*`,
/// `ssl.key.password`): files of any format, or PEM text in the properties themselves.
///
/// librdkafka reads neither JKS nor what old tools wrote as PKCS12, so every store is read here, and goes over as PEM in
/// memory.
package struct ClientStores: Hashable, Sendable {
    private var paths: [Kind: String] = [:]
    private var passwords: [Kind: String] = [:]
    private var types: [Kind: String] = [:]
    private var keyPassword: String?
    private var texts: [String: String] = [:]

    private enum Kind: String, CaseIterable {
        case keystore
        case truststore
    }

    /// Takes one property; what is wrong with it, or `nil`.
    mutating func take(_ name: String, _ value: String) -> String? {
        switch name {
        case "ssl.key.password": keyPassword = value
        case "ssl.truststore.certificates": texts["ssl.ca.pem"] = value
        case "ssl.keystore.certificate.chain": texts["ssl.certificate.pem"] = value
        case "ssl.keystore.key": texts["ssl.key.pem"] = value
        default:
            let words = name.split(separator: ".")
            guard words.count == 3, let kind = Kind(rawValue: String(words[1])) else { return nil }
            switch words[2] {
            case "location": paths[kind] = value
            case "password": passwords[kind] = value
            case "type":
                guard StoreType(name: value) != nil else {
                    return "is \"\(value)\", which is no type of store; JKS, JCEKS, PKCS12 and PEM are"
                }
                types[kind] = value
            default: break
            }
        }
        return nil
    }

    /// Fills in what stands outside the component (`-Djavax.net.ssl.*`, `FLUME_SSL_*`) where the component is silent, as
    /// Flume does for security.protocol SSL and SASL_SSL (KafkaSSLUtil).
    mutating func fill(from process: ProcessSettings) {
        for (kind, global) in [
            (Kind.keystore, TLSKeys.keyStore(of: process)), (.truststore, TLSKeys.trustStore(of: process)),
        ] {
            if paths[kind] == nil { paths[kind] = global.path }
            if passwords[kind] == nil { passwords[kind] = global.password }
            if types[kind] == nil { types[kind] = global.type }
        }
    }

    private func reference(_ kind: Kind) -> StoreReference? {
        guard let path = paths[kind] else { return nil }
        return StoreReference(
            path: path,
            password: passwords[kind],
            keyPassword: keyPassword,
            type: types[kind].flatMap(StoreType.init(name:))
        )
    }

    /// Reads the files.
    ///
    /// A key's issuers go among the trusted certificates, from which OpenSSL builds the chain that is shown; librdkafka
    /// takes one certificate of the client only, and an issuer in between is no anchor there.
    ///
    /// - Returns: librdkafka's properties and remarks for the log.
    func load() throws(TLSError) -> (options: [ClientOption], notes: [String]) {
        var texts = texts
        var notes: [String] = []
        if let trust = reference(.truststore) {
            let pem = try StoreText(anchorsOf: trust)
            texts["ssl.ca.pem"] = pem.certificates
            notes += pem.notes
        }
        if let key = reference(.keystore) {
            let pem = try StoreText(identityOf: key)
            texts["ssl.certificate.pem"] = pem.certificates
            texts["ssl.key.pem"] = pem.key
            if let anchors = texts["ssl.ca.pem"] { texts["ssl.ca.pem"] = anchors + pem.issuers }
            notes += pem.notes
        }
        var options = texts.sorted { $0.key < $1.key }.map { ClientOption($0.key, $0.value) }
        if texts["ssl.key.pem"] != nil, paths[.keystore] == nil, let keyPassword {
            options.append(ClientOption("ssl.key.password", keyPassword))
        }
        return (options, notes)
    }
}
