internal import Secure

extension TLSClientSettings {
    /// What a client's properties say of TLS, by the names of the Avro sink's keys; `nil` where `ssl` is not `true`.
    init?(properties: [String: String]) throws(RPCPropertyFault) {
        let reader = PropertyReader(properties)
        guard reader.flag("ssl") else { return nil }
        func store(_ key: String) throws(RPCPropertyFault) -> StoreReference? {
            guard let path = reader.text(key) else { return nil }
            let name = reader.text(key + "-type")
            let type = name.flatMap(StoreType.init(name:))
            if let name, type == nil {
                throw RPCPropertyFault(key + "-type", "`\(name)` is not a type of store", advice: "PKCS12, PEM or JKS")
            }
            return StoreReference(path: path, password: reader.text(key + "-password"), type: type)
        }
        self.init(
            trustStore: try store("truststore"),
            keyStore: try store("keystore"),
            verifyHostname: reader.flag("ssl.verify-hostname"),
            trustAll: reader.flag("trust-all-certs"),
            limits: TLSLimits(
                includeProtocols: reader.words("include-protocols"),
                excludeProtocols: reader.words("exclude-protocols"),
                includeCipherSuites: reader.words("include-cipher-suites"),
                excludeCipherSuites: reader.words("exclude-cipher-suites")
            )
        )
    }
}
