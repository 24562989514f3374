/// Why a port cannot be asked or does not answer as a monitoring server.
struct ProbeError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
