extension AvroFileClient {
    /// The files of `--dirname`, and the suffix that marks those that were sent.
    ///
    /// Flume appends the literal text `fileSuffix` by mistake; `.COMPLETED` is what its own default is.
    package static func spooled(in folder: String) throws(ComponentError) -> (files: [String], suffix: String) {
        let suffix = ".COMPLETED"
        return (try LineFile.files(in: folder, without: suffix), suffix)
    }

    /// The pairs of a properties file, each a header of every event.
    package static func headers(_ path: String?) throws -> [String: String] {
        Dictionary(try pairs(path), uniquingKeysWith: { _, last in last })
    }

    /// The client's properties (`--rpcProps`); none without a file.
    package static func properties(_ path: String?) throws -> ComponentSettings {
        ComponentSettings(kind: .sink, name: "avro-client", try headers(path))
    }

    /// Where to send: the options, else the first of the properties' `hosts`.
    package static func target(
        host: String?,
        port: Int?,
        properties: ComponentSettings
    ) throws -> (host: String, port: Int) {
        if let host, let port { return (host, port) }
        let type = properties.string("client.type", default: "default")
        guard type.lowercased() == "default" else {
            throw ComponentError(
                .configuration,
                "client.type `\(type)` is not available yet; write `default` and one host"
            )
        }
        guard let name = properties.list("hosts").first, let address = properties.string("hosts.\(name)") else {
            throw ComponentError(
                .configuration,
                "the client's properties name no host; write `hosts = h1` and `hosts.h1 = HOST:PORT`"
            )
        }
        let parts = address.split(separator: ":")
        guard parts.count == 2, let port = Int(parts[1]) else {
            throw ComponentError(.configuration, "`hosts.\(name)` is `\(address)`, not HOST:PORT")
        }
        return (String(parts[0]), port)
    }

    private static func pairs(_ path: String?) throws -> [(String, String)] {
        guard let path else { return [] }
        var diagnostics = Diagnostics()
        let file = (path: path, bytes: try ConfigurationFile.contents(of: path))
        let properties = PropertiesReader.read(files: [file], charset: .latin1, diagnostics: &diagnostics)
        if let fault = diagnostics.faults.first { throw ComponentError(.configuration, fault.description) }
        return properties.map { ($0.key, $0.value) }
    }
}
