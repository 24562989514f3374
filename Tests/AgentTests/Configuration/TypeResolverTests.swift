import Testing

@testable import Agent

@Suite("Types of Flume, of others and of nobody")
struct TypeResolverTests {
    private static func fault(
        _ type: String,
        _ kind: ComponentKind,
        _ catalog: TypeCatalog = TestCatalog.complete
    ) -> String {
        switch TypeResolver(catalog: catalog).resolve(type, kind: kind) {
        case .success(let entry): "found \(entry.className)"
        case .failure(let fault): [fault.message, fault.advice].compactMap(\.self).joined(separator: "; ")
        }
    }

    /// Flume's names, written by hand from its user guide, not from the table under test.
    static let flumeNames: [(ComponentKind, String)] = [
        (
            .source,
            """
            avro exec http jms multiport_syslogtcp netcat netcatudp seq spooldir syslogtcp syslogudp taildir thrift
            org.apache.flume.source.AvroSource org.apache.flume.source.ExecSource
            org.apache.flume.source.http.HTTPSource org.apache.flume.source.jms.JMSSource
            org.apache.flume.source.MultiportSyslogTCPSource org.apache.flume.source.NetcatSource
            org.apache.flume.source.NetcatUdpSource org.apache.flume.source.SequenceGeneratorSource
            org.apache.flume.source.SpoolDirectorySource org.apache.flume.source.SyslogTcpSource
            org.apache.flume.source.SyslogUDPSource org.apache.flume.source.taildir.TaildirSource
            org.apache.flume.source.ThriftSource org.apache.flume.source.StressSource
            org.apache.flume.source.kafka.KafkaSource org.apache.flume.source.scribe.ScribeSource
            org.apache.flume.source.twitter.TwitterSource org.apache.flume.source.avroLegacy.AvroLegacySource
            org.apache.flume.source.thriftLegacy.ThriftLegacySource org.apache.flume.agent.embedded.EmbeddedSource
            """
        ),
        (
            .sink,
            """
            asynchbase avro elasticsearch file_roll hbase hbase2 hdfs hive http irc logger morphline_solr null thrift
            org.apache.flume.sink.hbase.AsyncHBaseSink org.apache.flume.sink.AvroSink
            org.apache.flume.sink.elasticsearch.ElasticSearchSink org.apache.flume.sink.RollingFileSink
            org.apache.flume.sink.hbase.HBaseSink org.apache.flume.sink.hbase2.HBase2Sink
            org.apache.flume.sink.hdfs.HDFSEventSink org.apache.flume.sink.hive.HiveSink
            org.apache.flume.sink.http.HttpSink org.apache.flume.sink.irc.IRCSink org.apache.flume.sink.LoggerSink
            org.apache.flume.sink.solr.morphline.MorphlineSolrSink org.apache.flume.sink.NullSink
            org.apache.flume.sink.ThriftSink org.apache.flume.sink.kafka.KafkaSink org.apache.flume.sink.kudu.KuduSink
            org.apache.flume.sink.solr.morphline.MorphlineSink
            """
        ),
        (
            .channel,
            """
            file jdbc memory spillablememory org.apache.flume.channel.file.FileChannel
            org.apache.flume.channel.jdbc.JdbcChannel org.apache.flume.channel.MemoryChannel
            org.apache.flume.channel.SpillableMemoryChannel org.apache.flume.channel.kafka.KafkaChannel
            org.apache.flume.channel.PseudoTxnMemoryChannel
            """
        ),
        (
            .channelSelector,
            """
            replicating multiplexing load_balancing org.apache.flume.channel.ReplicatingChannelSelector
            org.apache.flume.channel.MultiplexingChannelSelector org.apache.flume.channel.LoadBalancingChannelSelector
            """
        ),
        (
            .sinkProcessor,
            """
            default failover load_balance org.apache.flume.sink.DefaultSinkProcessor
            org.apache.flume.sink.FailoverSinkProcessor org.apache.flume.sink.LoadBalancingSinkProcessor
            """
        ),
        (
            .interceptor,
            """
            timestamp host static regex_filter regex_extractor search_replace remove_header
            org.apache.flume.interceptor.TimestampInterceptor$Builder org.apache.flume.interceptor.HostInterceptor$Builder
            org.apache.flume.interceptor.StaticInterceptor$Builder
            org.apache.flume.interceptor.RegexFilteringInterceptor$Builder
            org.apache.flume.interceptor.RegexExtractorInterceptor$Builder
            org.apache.flume.interceptor.SearchAndReplaceInterceptor$Builder
            org.apache.flume.interceptor.RemoveHeaderInterceptor$Builder
            org.apache.flume.sink.solr.morphline.UUIDInterceptor$Builder
            org.apache.flume.sink.solr.morphline.MorphlineInterceptor$Builder
            """
        ),
        (
            .eventSerializer,
            """
            text header_and_text avro_event org.apache.flume.serialization.BodyTextEventSerializer$Builder
            org.apache.flume.serialization.HeaderAndBodyTextEventSerializer$Builder
            org.apache.flume.serialization.FlumeEventAvroEventSerializer$Builder
            org.apache.flume.sink.hdfs.AvroEventSerializer$Builder
            """
        ),
        (
            .deserializer,
            """
            line avro org.apache.flume.serialization.LineDeserializer$Builder
            org.apache.flume.serialization.AvroEventDeserializer$Builder
            org.apache.flume.sink.solr.morphline.BlobDeserializer$Builder
            """
        ),
        (
            .extractorSerializer,
            """
            DEFAULT org.apache.flume.interceptor.RegexExtractorInterceptorPassThroughSerializer
            org.apache.flume.interceptor.RegexExtractorInterceptorMillisSerializer
            """
        ),
        (
            .httpHandler,
            """
            org.apache.flume.source.http.JSONHandler org.apache.flume.source.http.BLOBHandler
            org.apache.flume.sink.solr.morphline.BlobHandler
            """
        ),
        (
            .pathManager,
            """
            default rolltime org.apache.flume.formatter.output.DefaultPathManager$Builder
            org.apache.flume.formatter.output.RollTimePathManager$Builder
            """
        ),
        (.keyProvider, "jceksfile JCEKSFILE"),
        (.cipherProvider, "aesctrnopadding AESCTRNOPADDING"),
    ]

    @Test("Every name of Flume's is known where the catalog lacks it", arguments: flumeNames)
    func absent(kind: ComponentKind, names: String) {
        for name in names.split(whereSeparator: \.isWhitespace).map(String.init) {
            let fault = Self.fault(name, kind, TypeCatalog())
            #expect(fault.hasPrefix("`\(name)` is a Flume \(kind.noun) that Tributary does not have; "), "\(fault)")
        }
    }

    @Test(
        arguments: [
            (.source, "AVRO", "found org.apache.flume.source.AvroSource"),
            (.source, "org.apache.flume.source.AvroSource", "found org.apache.flume.source.AvroSource"),
            (.source, "avor", "unknown source type `avor`; did you mean `avro`?"),
            (
                .source, "org.apache.flume.source.avroSource",
                "unknown source type `org.apache.flume.source.avroSource`; did you mean "
                    + "`org.apache.flume.source.AvroSource`? Class names are exact in case"
            ),
            (.source, "AvroSource", "unknown source type `AvroSource`: a class needs its package; write `avro`"),
            (
                .sink, "KafkaSink",
                "unknown sink type `KafkaSink`: a class needs its package; write `org.apache.flume.sink.kafka.KafkaSink`"
            ),
            (
                .interceptor, "org.apache.flume.interceptor.StaticInterceptor",
                "unknown interceptor type `org.apache.flume.interceptor.StaticInterceptor`: it is the class, not its "
                    + "builder; write `org.apache.flume.interceptor.StaticInterceptor$Builder`"
            ),
            (
                .sink, "com.acme.MySink",
                "`com.acme.MySink` is a Java class; Tributary cannot load it; write it in Swift as Examples/CustomSink "
                    + "shows, or forward to an `avro` or Kafka sink"
            ),
            (
                .interceptor, "com.acme.I$Builder",
                "`com.acme.I$Builder` is a Java class; Tributary cannot load it; the interceptors `static`, `timestamp`, "
                    + "`host` and `regex_extractor` do what most such classes do"
            ),
            (
                .sink, "hbase2",
                "`hbase2` is a Flume sink that Tributary does not have; write to Kafka with "
                    + "`org.apache.flume.sink.kafka.KafkaSink` and load from there"
            ),
            (.sink, "hbse", "unknown sink type `hbse`; did you mean `hbase`?"),
            (.channel, "kafka", "unknown channel type `kafka`; known are `memory`"),
        ] as [(ComponentKind, String, String)]
    )
    func type(kind: ComponentKind, type: String, expected: String) {
        #expect(Self.fault(type, kind) == expected)
    }

    @Test("A type in the catalog by one of Flume's two names is found by the other")
    func otherName() {
        var catalog = TypeCatalog()
        catalog.add(TypeEntry(className: "org.apache.flume.source.taildir.TaildirSource", keys: []), as: .source)
        catalog.add(TypeEntry(alias: "seq", className: "SequenceSource", keys: []), as: .source)
        #expect(
            Self.fault("TAILDIR", .source, catalog) == "found org.apache.flume.source.taildir.TaildirSource"
        )
        #expect(
            Self.fault("org.apache.flume.source.SequenceGeneratorSource", .source, catalog) == "found SequenceSource"
        )
    }
}
