internal import AvroRPC

extension AvroSink {
    static let type = TypeEntry(
        alias: "avro",
        className: "org.apache.flume.sink.AvroSink",
        keys: [
            KeySpec("hostname", required: true),
            KeySpec("port", required: true),
            KeySpec("batch-size"),
            KeySpec("connect-timeout"),
            KeySpec("request-timeout"),
            KeySpec("reset-connection-interval"),
            CompressionKeys.type,
            CompressionKeys.level,
            CompressionKeys.order,
            KeySpec("client.type"),
            KeySpec("hosts"),
            KeySpec("hosts.*"),
            KeySpec("max-attempts"),
            KeySpec("host-selector"),
            KeySpec("backoff", form: .boolean),
            KeySpec("maxBackoff"),
            KeySpec("maxIoWorkers", withoutEffect: "Flume ignores it since 1.10; an event loop does the work"),
            KeySpec("max-connection-age"),
            KeySpec("window"),
            KeySpec("ping-timeout"),
            AcknowledgeKeys.timeout,
        ] + TLSKeys.client,
        batchSize: .init("batch-size", default: 100)
    )

    /// The client that the sink's keys describe: all of them go to it, as in Flume, with `hostname` and `port` as host `h1`.
    static func plan(_ context: SinkContext) throws(ConfigurationFault) -> RPCClientPlan {
        let settings = context.settings
        let first = RPCEndpoint(
            host: try settings.required("hostname"),
            port: try settings.requiredInt("port", min: 1, max: 65535)
        )
        let properties = Dictionary(uniqueKeysWithValues: settings.keys.map { ($0, settings.string($0, default: "")) })
        var plan: RPCClientPlan
        do throws(RPCPropertyFault) {
            plan = try RPCClientPlan(properties: properties, first: first)
        } catch {
            throw settings.fault(error.key, error.message, advice: error.advice)
        }
        plan.settings.compression = try CompressionKeys.client(settings, context.note)
        for name in settings.list("hosts") where name != "h1" && properties["hosts.\(name)"] == nil {
            context.note(
                Diagnostic(
                    grade: .note,
                    location: settings.location(of: "hosts"),
                    message: "`\(settings.fullKey("hosts"))` names `\(name)`, which has no address",
                    advice: "write `\(settings.fullKey("hosts.\(name)")) = HOST:PORT`"
                )
            )
        }
        return plan
    }
}
