/// What to use instead of a component that Tributary does not have.
enum NearestWay {
    /// For a component of Flume's, by alias or, without one, by the last part of its class name.
    static func instead(of entry: FlumeTypes.Entry, kind: ComponentKind) -> String {
        let name = entry.alias ?? String(entry.className.split(separator: ".").last ?? "")
        return byName[kind]?[name] ?? general(kind)
    }

    /// For a class that is not Flume's.
    static func insteadOfForeignClass(kind: ComponentKind) -> String {
        switch kind {
        case .interceptor:
            "the interceptors `static`, `timestamp`, `host` and `regex_extractor` do what most such classes do"
        case .source: "let an `exec` source run a program that prints the events, or post them to an `http` source"
        case .sink: "write it in Swift as Examples/CustomSink shows, or forward to an `avro` or Kafka sink"
        default: general(kind)
        }
    }

    private static func general(_ kind: ComponentKind) -> String {
        switch kind {
        case .source: "use an `avro` source, or an `exec` source that runs a program which prints the events"
        case .sink: "use a Kafka, `avro` or `file_roll` sink, or write one as Examples/CustomSink shows"
        case .channel: "use a `file` channel where events must survive a stop, else `memory`"
        case .channelSelector: "use `replicating` or `multiplexing`"
        case .sinkProcessor, .sinkGroup: "use `failover` or `load_balance`"
        case .interceptor: "use `static`, `timestamp`, `host` or `regex_extractor`"
        case .eventSerializer: "use `text`"
        case .deserializer: "use `line`"
        case .extractorSerializer: "leave the type out: the group's text becomes the header"
        case .httpHandler: "use `org.apache.flume.source.http.JSONHandler`"
        case .pathManager: "use `default`"
        case .keyProvider, .cipherProvider:
            "use `JCEKSFILE` or `RAWFILE` with `AESCTRNOPADDING`"
        }
    }

    private static let toHadoop = "write to Kafka with `org.apache.flume.sink.kafka.KafkaSink` and load from there"

    private static let byName: [ComponentKind: [String: String]] = [
        .source: [
            "thrift": "clients can send to an `avro` source",
            "jms": "let an `exec` source run a JMS client that prints the messages, or bridge JMS to Kafka",
            "http": "let clients send to an `avro` or a `syslogtcp` source",
            "spooldir": "use a `taildir` source, which reads files where they are and leaves them there",
            "multiport_syslogtcp": "use one `syslogtcp` source for each port",
            "syslogtcp": "use a `netcat` source, which keeps each line as it is",
            "syslogudp": "send by TCP to a `syslogtcp` source",
            "netcatudp": "send by TCP to a `netcat` source",
            "StressSource": "use a `seq` source",
            "ScribeSource": "clients can send to an `avro` source",
            "TwitterSource": "the service it reads no longer exists",
            "AvroLegacySource": "send from Flume 1.x or Tributary to an `avro` source",
            "ThriftLegacySource": "send from Flume 1.x or Tributary to an `avro` source",
            "EmbeddedSource": "send to an `avro` source",
        ],
        .sink: [
            "hdfs": "write to Kafka with `org.apache.flume.sink.kafka.KafkaSink`, or to files with `file_roll`",
            "hbase": toHadoop,
            "hbase2": toHadoop,
            "asynchbase": toHadoop,
            "hive": toHadoop,
            "KuduSink": toHadoop,
            "elasticsearch": "Flume removed it in 1.10; write to Kafka and let a connector load from there",
            "morphline_solr": toHadoop,
            "MorphlineSink": toHadoop,
            "thrift": "use an `avro` sink towards an `avro` source",
            "http": "write to Kafka, or write a sink as Examples/CustomSink shows",
            "irc": "write a sink as Examples/CustomSink shows",
        ],
        .channel: [
            "jdbc": "use a `file` channel",
            "PseudoTxnMemoryChannel": "use `memory`",
        ],
        .interceptor: [
            "MorphlineInterceptor$Builder": "use `regex_extractor` and `search_replace`",
            "UUIDInterceptor$Builder": "let the sender set an id, or use `timestamp` and `host`",
        ],
        .eventSerializer: [
            "header_and_text": "use `text`, which writes the body only",
            "avro_event": "use `text`, which writes the body only",
        ],
    ]
}
