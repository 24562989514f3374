import Secure
import TestSupport

/// TLS contexts over the shared set of certificates.
enum Contexts {
    static func server() throws -> TLSContext {
        let path = try Certificates.shared().path("server.pem")
        return try TLSContext(server: TLSServerSettings(keyStore: StoreReference(path: path)))
    }

    static func client() throws -> TLSContext {
        let path = try Certificates.shared().path("ca.pem")
        return try TLSContext(client: TLSClientSettings(trustStore: StoreReference(path: path)))
    }
}

extension Contexts {
    /// Trusts a CA that signed nothing of the set's servers.
    static func distrusting() throws -> TLSContext {
        let path = try Certificates.shared().path("other.pem")
        return try TLSContext(client: TLSClientSettings(trustStore: StoreReference(path: path)))
    }
}
