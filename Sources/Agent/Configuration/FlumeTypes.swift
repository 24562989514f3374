/// The names of every component of Flume 1.11.0, whether Tributary has it or not.
enum FlumeTypes {
    struct Entry {
        let alias: String?
        let className: String
    }

    /// Aliases: the enums SourceType, SinkType, ChannelType, InterceptorType and their like in flume-ng-core and
    /// flume-ng-configuration; the rest are the classes that the user guide names.
    static func entries(of kind: ComponentKind) -> [Entry] {
        table[kind] ?? []
    }

    static func entry(of kind: ComponentKind, named type: String) -> Entry? {
        let lower = type.lowercased()
        return entries(of: kind).first { $0.className == type || $0.alias == lower }
    }

    private static let table: [ComponentKind: [Entry]] = [
        .source: group(
            "org.apache.flume.source.",
            [
                "avro": "AvroSource", "exec": "ExecSource", "http": "http.HTTPSource", "jms": "jms.JMSSource",
                "multiport_syslogtcp": "MultiportSyslogTCPSource", "netcat": "NetcatSource",
                "netcatudp": "NetcatUdpSource", "seq": "SequenceGeneratorSource", "spooldir": "SpoolDirectorySource",
                "syslogtcp": "SyslogTcpSource", "syslogudp": "SyslogUDPSource", "taildir": "taildir.TaildirSource",
                "thrift": "ThriftSource",
            ],
            classes: [
                "StressSource", "kafka.KafkaSource", "scribe.ScribeSource", "twitter.TwitterSource",
                "avroLegacy.AvroLegacySource", "thriftLegacy.ThriftLegacySource",
            ]
        ) + [Entry(alias: nil, className: "org.apache.flume.agent.embedded.EmbeddedSource")],
        .sink: group(
            "org.apache.flume.sink.",
            [
                "asynchbase": "hbase.AsyncHBaseSink", "avro": "AvroSink",
                "elasticsearch": "elasticsearch.ElasticSearchSink", "file_roll": "RollingFileSink",
                "hbase": "hbase.HBaseSink", "hbase2": "hbase2.HBase2Sink", "hdfs": "hdfs.HDFSEventSink",
                "hive": "hive.HiveSink", "http": "http.HttpSink", "irc": "irc.IRCSink", "logger": "LoggerSink",
                "morphline_solr": "solr.morphline.MorphlineSolrSink", "null": "NullSink", "thrift": "ThriftSink",
            ],
            classes: ["kafka.KafkaSink", "kudu.KuduSink", "solr.morphline.MorphlineSink"]
        ),
        .channel: group(
            "org.apache.flume.channel.",
            [
                "file": "file.FileChannel", "jdbc": "jdbc.JdbcChannel", "memory": "MemoryChannel",
                "spillablememory": "SpillableMemoryChannel",
            ],
            classes: ["kafka.KafkaChannel", "PseudoTxnMemoryChannel"]
        ),
        .channelSelector: group(
            "org.apache.flume.channel.",
            [
                "replicating": "ReplicatingChannelSelector", "multiplexing": "MultiplexingChannelSelector",
                "load_balancing": "LoadBalancingChannelSelector",
            ]
        ),
        .sinkProcessor: group(
            "org.apache.flume.sink.",
            [
                "default": "DefaultSinkProcessor", "failover": "FailoverSinkProcessor",
                "load_balance": "LoadBalancingSinkProcessor",
            ]
        ),
        .interceptor: group(
            "org.apache.flume.interceptor.",
            [
                "timestamp": "TimestampInterceptor$Builder", "host": "HostInterceptor$Builder",
                "static": "StaticInterceptor$Builder", "regex_filter": "RegexFilteringInterceptor$Builder",
                "regex_extractor": "RegexExtractorInterceptor$Builder",
                "search_replace": "SearchAndReplaceInterceptor$Builder",
                "remove_header": "RemoveHeaderInterceptor$Builder",
            ]
        )
            + group(
                "org.apache.flume.sink.solr.morphline.",
                classes: ["UUIDInterceptor$Builder", "MorphlineInterceptor$Builder"]
            ),
        .eventSerializer: group(
            "org.apache.flume.serialization.",
            [
                "text": "BodyTextEventSerializer$Builder",
                "header_and_text": "HeaderAndBodyTextEventSerializer$Builder",
                "avro_event": "FlumeEventAvroEventSerializer$Builder",
            ]
        ) + [Entry(alias: nil, className: "org.apache.flume.sink.hdfs.AvroEventSerializer$Builder")],
        .deserializer: group(
            "org.apache.flume.serialization.",
            ["line": "LineDeserializer$Builder", "avro": "AvroEventDeserializer$Builder"]
        ) + [Entry(alias: nil, className: "org.apache.flume.sink.solr.morphline.BlobDeserializer$Builder")],
        .extractorSerializer: group(
            "org.apache.flume.interceptor.",
            ["default": "RegexExtractorInterceptorPassThroughSerializer"],
            classes: ["RegexExtractorInterceptorMillisSerializer"]
        ),
        .httpHandler: group("org.apache.flume.source.http.", classes: ["JSONHandler", "BLOBHandler"])
            + [Entry(alias: nil, className: "org.apache.flume.sink.solr.morphline.BlobHandler")],
        .pathManager: group(
            "org.apache.flume.formatter.output.",
            ["default": "DefaultPathManager$Builder", "rolltime": "RollTimePathManager$Builder"]
        ),
        .keyProvider: group(
            "org.apache.flume.channel.file.encryption.",
            ["jceksfile": "JCEFileKeyProvider$Builder"]
        ),
        .cipherProvider: group(
            "org.apache.flume.channel.file.encryption.",
            ["aesctrnopadding": "AESCTRNoPaddingProvider"]
        ),
    ]

    private static func group(
        _ package: String,
        _ aliases: KeyValuePairs<String, String> = [:],
        classes: [String] = []
    ) -> [Entry] {
        aliases.map { Entry(alias: $0, className: package + $1) }
            + classes.map { Entry(alias: nil, className: package + $0) }
    }
}
