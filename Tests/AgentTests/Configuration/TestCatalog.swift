import Agent

/// A catalog with the components that the samples use, and their keys as Flume has them.
enum TestCatalog {
    static let complete: TypeCatalog = {
        var catalog = TypeCatalog()
        for (kind, entries) in [
            (ComponentKind.source, sources), (.sink, sinks), (.channel, channels), (.channelSelector, selectors),
            (.sinkProcessor, processors), (.interceptor, interceptors), (.eventSerializer, serializers),
        ] {
            for entry in entries { catalog.add(entry, as: kind) }
        }
        return catalog
    }()

    private static let serverKeys =
        [KeySpec("ssl", form: .boolean)]
        + [
            "keystore", "keystore-password", "keystore-type", "exclude-protocols", "include-protocols",
            "exclude-cipher-suites", "include-cipher-suites",
        ].map { KeySpec($0) }

    private static let sources = [
        TypeEntry(
            alias: "avro",
            className: "org.apache.flume.source.AvroSource",
            keys: [
                KeySpec("bind", required: true), KeySpec("port", required: true),
                KeySpec("threads", withoutEffect: "Flume 1.11 ignores it too"), KeySpec("compression-type"),
                KeySpec("ipFilter", form: .boolean), KeySpec("ipFilterRules"),
            ] + serverKeys
        ),
        TypeEntry(
            alias: "exec",
            className: "org.apache.flume.source.ExecSource",
            keys: [
                KeySpec("command", required: true), KeySpec("shell"), KeySpec("restart", form: .boolean),
                KeySpec("restartThrottle"), KeySpec("logStdErr", form: .boolean), KeySpec("batchSize"),
                KeySpec("batchTimeout"), KeySpec("charset"),
            ],
            batchSize: .init("batchSize", default: 20)
        ),
        TypeEntry(
            alias: "netcat",
            className: "org.apache.flume.source.NetcatSource",
            keys: [
                KeySpec("bind", required: true), KeySpec("port", required: true), KeySpec("max-line-length"),
                KeySpec("ack-every-event", form: .boolean), KeySpec("encoding"),
            ]
        ),
        TypeEntry(
            alias: "seq",
            className: "org.apache.flume.source.SequenceGeneratorSource",
            keys: [KeySpec("batchSize"), KeySpec("totalEvents")],
            batchSize: .init("batchSize", default: 1)
        ),
        TypeEntry(
            className: "org.apache.flume.source.kafka.KafkaSource",
            keys: [
                KeySpec("kafka.bootstrap.servers", required: true), KeySpec("kafka.topics"),
                KeySpec("kafka.topics.regex"), KeySpec("kafka.consumer.*"), KeySpec("batchSize"),
                KeySpec("batchDurationMillis"), KeySpec("header.*"),
            ],
            batchSize: .init("batchSize", default: 1000)
        ),
    ]

    private static let sinks = [
        TypeEntry(
            alias: "avro",
            className: "org.apache.flume.sink.AvroSink",
            keys: [
                KeySpec("hostname", required: true), KeySpec("port", required: true), KeySpec("batch-size"),
                KeySpec("connect-timeout"), KeySpec("request-timeout"), KeySpec("reset-connection-interval"),
                KeySpec("compression-type"), KeySpec("compression-level"), KeySpec("ssl", form: .boolean),
                KeySpec("trust-all-certs", form: .boolean), KeySpec("truststore"), KeySpec("truststore-password"),
                KeySpec("truststore-type"),
            ],
            batchSize: .init("batch-size", default: 100)
        ),
        TypeEntry(
            alias: "logger",
            className: "org.apache.flume.sink.LoggerSink",
            keys: [KeySpec("maxBytesToLog")]
        ),
        TypeEntry(
            alias: "null",
            className: "org.apache.flume.sink.NullSink",
            keys: [KeySpec("batchSize"), KeySpec("logEveryNEvents")],
            batchSize: .init("batchSize", default: 100)
        ),
        TypeEntry(
            alias: "file_roll",
            className: "org.apache.flume.sink.RollingFileSink",
            keys: [
                KeySpec("sink.directory", required: true), KeySpec("sink.rollInterval"), KeySpec("sink.batchSize"),
                KeySpec("sink.serializer", form: .type(.eventSerializer), defaultType: "text"),
            ],
            batchSize: .init("sink.batchSize", default: 100)
        ),
        TypeEntry(
            className: "org.apache.flume.sink.kafka.KafkaSink",
            keys: [
                KeySpec("kafka.bootstrap.servers", required: true), KeySpec("kafka.topic"),
                KeySpec("kafka.flumeBatchSize"), KeySpec("flumeBatchSize"), KeySpec("kafka.producer.*"),
                KeySpec("header.*"),
            ],
            batchSize: .init("flumeBatchSize", default: 100)
        ),
    ]

    private static let channels = [
        TypeEntry(
            alias: "memory",
            className: "org.apache.flume.channel.MemoryChannel",
            keys: [
                KeySpec("capacity"), KeySpec("transactionCapacity"), KeySpec("byteCapacity"),
                KeySpec("byteCapacityBufferPercentage"), KeySpec("keep-alive"),
            ],
            limits: .init(
                capacity: .init("capacity", default: 100),
                transactionCapacity: .init("transactionCapacity", default: 100)
            )
        )
    ]

    private static let selectors = [
        TypeEntry(
            alias: "replicating",
            className: "org.apache.flume.channel.ReplicatingChannelSelector",
            keys: [KeySpec("optional")]
        ),
        TypeEntry(
            alias: "multiplexing",
            className: "org.apache.flume.channel.MultiplexingChannelSelector",
            keys: [KeySpec("header"), KeySpec("default"), KeySpec("mapping.*"), KeySpec("optional.*")]
        ),
    ]

    private static let processors = [
        TypeEntry(alias: "default", className: "org.apache.flume.sink.DefaultSinkProcessor", keys: []),
        TypeEntry(
            alias: "failover",
            className: "org.apache.flume.sink.FailoverSinkProcessor",
            keys: [KeySpec("priority.*"), KeySpec("maxpenalty")]
        ),
        TypeEntry(
            alias: "load_balance",
            className: "org.apache.flume.sink.LoadBalancingSinkProcessor",
            keys: [KeySpec("selector"), KeySpec("backoff", form: .boolean), KeySpec("selector.maxTimeOut")]
        ),
    ]

    private static let interceptors = [
        TypeEntry(
            alias: "timestamp",
            className: "org.apache.flume.interceptor.TimestampInterceptor$Builder",
            keys: [KeySpec("headerName"), KeySpec("preserveExisting", form: .boolean)]
        ),
        TypeEntry(
            alias: "host",
            className: "org.apache.flume.interceptor.HostInterceptor$Builder",
            keys: [
                KeySpec("hostHeader"), KeySpec("useIP", form: .boolean), KeySpec("preserveExisting", form: .boolean),
            ]
        ),
        TypeEntry(
            alias: "static",
            className: "org.apache.flume.interceptor.StaticInterceptor$Builder",
            keys: [KeySpec("key"), KeySpec("value"), KeySpec("preserveExisting", form: .boolean)]
        ),
    ]

    private static let serializers = [
        TypeEntry(
            alias: "text",
            className: "org.apache.flume.serialization.BodyTextEventSerializer$Builder",
            keys: [KeySpec("appendNewline", form: .boolean)]
        )
    ]
}
