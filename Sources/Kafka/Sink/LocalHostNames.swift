internal import Agent

/// This machine's names, for `%[localhost]`, `%[IP]` and `%[FQDN]`.
struct LocalHostNames: Sendable {
    enum Name: String {
        case localhost
        case ip
        case fqdn
    }

    private let host: String
    private let address: String
    private let fullName: String

    /// Looks the names up once; may ask the resolver. What cannot be found out is as a machine without network has it.
    init() {
        host = (try? LocalHost.hostName()) ?? "localhost"
        address = (try? LocalHost.look(address: true)) ?? "127.0.0.1"
        fullName = (try? LocalHost.look(address: false)) ?? host
    }

    subscript(name: Name) -> String {
        switch name {
        case .localhost: host
        case .ip: address
        case .fqdn: fullName
        }
    }
}
