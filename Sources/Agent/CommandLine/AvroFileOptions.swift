internal import AvroRPC

/// The options of `avro-client`, by Flume's names.
package struct AvroFileOptions: Sendable {
    package var host: String?
    package var port: Int?
    /// `--rpcProps`: a file of client properties.
    package var properties: String?
    /// `--filename`.
    package var file: String?
    /// `--dirname`.
    package var folder: String?
    /// `--headerFile`.
    package var headerFile: String?

    /// Flume appends the literal text `fileSuffix` by mistake; `.COMPLETED` is what its own default is.
    private static let doneSuffix = ".COMPLETED"
    /// Events in one call where the properties do not say (AvroCLIClient).
    private static let batchSize = 5

    package init() {}

    /// Files in order and the suffix for those that are sent; no files: standard input.
    func files() throws(ComponentError) -> (files: [String]?, suffix: String?) {
        if let folder { return (try LineFile.files(in: folder, without: Self.doneSuffix), Self.doneSuffix) }
        return (file.map { [$0] }, nil)
    }

    /// The pairs of the header file, each a header of every event.
    func headers() throws -> [String: String] { try Self.pairs(headerFile) }

    /// The client's properties; none without a file.
    func clientSettings() throws -> ComponentSettings {
        ComponentSettings(kind: .sink, name: "avro-client", try Self.pairs(properties))
    }

    /// The client: the properties' hosts, as in Flume, else the one of the options.
    func plan(_ settings: ComponentSettings) throws -> RPCClientPlan {
        var values: [String: String] = [:]
        for key in settings.keys { values[key] = settings.string(key) }
        if values["batch-size"] == nil { values["batch-size"] = String(Self.batchSize) }
        let first = host.flatMap { host in port.map { RPCEndpoint(host: host, port: $0) } }
        do {
            return try RPCClientPlan(properties: values, first: first)
        } catch {
            throw ComponentError(.configuration, "\(properties ?? "the options"): \(error)")
        }
    }

    private static func pairs(_ path: String?) throws -> [String: String] {
        guard let path else { return [:] }
        var diagnostics = Diagnostics()
        let file = (path: path, bytes: try ConfigurationFile.contents(of: path))
        let properties = PropertiesReader.read(files: [file], charset: .latin1, diagnostics: &diagnostics)
        if let fault = diagnostics.faults.first { throw ComponentError(.configuration, fault.description) }
        return Dictionary(properties.map { ($0.key, $0.value) }, uniquingKeysWith: { _, last in last })
    }
}
