/// The settings of either side.
package enum TLSSettings: Hashable, Sendable {
    case server(TLSServerSettings)
    case client(TLSClientSettings)

    /// Reads the stores. Throws `unreadableFile`, `wrongPassword`, `unusableStore` or `unusableSettings`.
    package func makeContext() throws(TLSError) -> TLSContext {
        switch self {
        case .server(let settings): try TLSContext(server: settings)
        case .client(let settings): try TLSContext(client: settings)
        }
    }

    package var keyStore: StoreReference? {
        switch self {
        case .server(let settings): settings.keyStore
        case .client(let settings): settings.keyStore
        }
    }

    /// The store that peers are checked against; nil where they are not, or against the system's.
    package var trustStore: StoreReference? {
        switch self {
        case .server(let settings): settings.clientAuthentication == .none ? nil : settings.trustStore
        case .client(let settings): settings.trustAll ? nil : settings.trustStore
        }
    }

    package var reloadSeconds: Int {
        switch self {
        case .server(let settings): settings.reloadSeconds
        case .client(let settings): settings.reloadSeconds
        }
    }

    /// Whether peers are checked at all.
    var checksPeers: Bool {
        switch self {
        case .server(let settings): settings.clientAuthentication != .none
        case .client(let settings): !settings.trustAll
        }
    }
}
