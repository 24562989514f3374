/// Which end of a connection a `TLSHandler` is.
package enum TLSRole: Hashable, Sendable {
    case server
    /// `serverName`: the host as configured, name or IP literal. A name is sent as SNI; either is what the certificate
    /// is checked for when the settings say so.
    case client(serverName: String?)
}
