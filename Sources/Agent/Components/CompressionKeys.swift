internal import AvroRPC

/// Flume's `compression-type` and `compression-level` of the Avro source and sink, and the order of layers that
/// Tributary adds.
enum CompressionKeys {
    static let type = KeySpec("compression-type")
    static let level = KeySpec("compression-level")
    static let order = KeySpec("compression-order")

    /// Whether `compression-type` is `deflate`. Flume takes every other value as `none` and says nothing.
    static func isOn(_ settings: ComponentSettings, _ note: (Diagnostic) -> Void) -> Bool {
        let value = settings.string(type.name, default: "none")
        switch value.lowercased() {
        case "deflate": return true
        case "none": return false
        default:
            let fault = settings.fault(
                type.name,
                "`\(value)` is neither `none` nor `deflate`; taken as `none`, as in Flume",
                advice: NearestName.nearest(to: value, among: ["none", "deflate"]).map { "did you mean `\($0)`?" }
            )
            note(Diagnostic(grade: .note, location: fault.location, message: fault.message, advice: fault.advice))
            return false
        }
    }

    /// What an Avro sink's connection is compressed with; `nil` where it is not.
    static func client(
        _ settings: ComponentSettings,
        _ note: (Diagnostic) -> Void
    ) throws(ConfigurationFault) -> RPCCompression? {
        var compression = RPCCompression()
        let levels = RPCCompression.levels
        compression.level = try settings.int(
            level.name,
            default: compression.level,
            min: levels.lowerBound,
            max: levels.upperBound
        )
        if let value = settings.string(order.name) {
            guard let known = RPCCompression.Order(rawValue: value.lowercased()) else {
                let names = RPCCompression.Order.allCases.map(\.rawValue)
                throw settings.fault(
                    Self.order.name,
                    "`\(value)` is not `outside-tls` or `inside-tls`",
                    advice: NearestName.nearest(to: value, among: names).map { "did you mean `\($0)`?" }
                )
            }
            compression.order = known
        }
        return isOn(settings, note) ? compression : nil
    }
}
