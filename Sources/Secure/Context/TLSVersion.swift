import COpenSSL

/// The protocol versions that are spoken here, under their Java names.
enum TLSVersion: String, CaseIterable {
    case v12 = "TLSv1.2"
    case v13 = "TLSv1.3"

    /// `TLS1_*_VERSION` of prov_ssl.h.
    var number: Int32 {
        switch self {
        case .v12: TLS1_2_VERSION
        case .v13: TLS1_3_VERSION
        }
    }

    /// The name of any version a peer may offer, as text for a message.
    static func name(_ number: Int32) -> String {
        switch number {
        case TLS1_3_VERSION: "TLSv1.3"
        case TLS1_2_VERSION: "TLSv1.2"
        case TLS1_1_VERSION: "TLSv1.1"
        case TLS1_VERSION: "TLSv1"
        case SSL3_VERSION: "SSLv3"
        default: "version \(number)"
        }
    }
}
