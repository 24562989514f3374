import TestSupport

/// Properties of edges and collectors for tests of faults. All sinks send batches of 100.
enum TierFile {
    /// Agent `name`: exec tail of `file`, memory, failover over the collectors in the order of `ports`.
    static func edge(_ name: String, file: String, ports: [Int], tls: Certificates? = nil) -> String {
        var lines = [
            "\(name).sources = tail", "\(name).channels = mem",
            "\(name).sources.tail.type = exec",
            // From the first line, however late tail is; Flume's guides say the same without -n.
            "\(name).sources.tail.command = tail -n +1 -F \(file)",
            "\(name).sources.tail.batchSize = 100", "\(name).sources.tail.batchTimeout = 200",
            "\(name).sources.tail.channels = mem",
            "\(name).channels.mem.type = memory", "\(name).channels.mem.capacity = 100000",
            "\(name).channels.mem.transactionCapacity = 1000",
            "\(name).sinks = \(ports.indices.map { "c\($0)" }.joined(separator: " "))",
        ]
        for (index, port) in ports.enumerated() {
            let sink = "\(name).sinks.c\(index)"
            lines += [
                "\(sink).type = avro", "\(sink).channel = mem", "\(sink).hostname = 127.0.0.1",
                "\(sink).port = \(port)",
                "\(sink).batch-size = 100",
            ]
            guard let tls else { continue }
            lines += ["\(sink).ssl = true", "\(sink).ssl.verify-hostname = true"]
            lines += stores(sink, key: tls.path("client.pem"), "PEM", tls)
        }
        guard ports.count > 1 else { return lines.joined(separator: "\n") + "\n" }
        lines += [
            "\(name).sinkgroups = g",
            "\(name).sinkgroups.g.sinks = \(ports.indices.map { "c\($0)" }.joined(separator: " "))",
            "\(name).sinkgroups.g.processor.type = failover", "\(name).sinkgroups.g.processor.maxpenalty = 2000",
        ]
        for index in ports.indices {
            lines.append("\(name).sinkgroups.g.processor.priority.c\(index) = \(100 - index)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Agent `name`: Avro source on `port`, memory, the sink `out` whose keys are `sink`.
    static func collector(
        _ name: String,
        port: Int,
        acknowledge: String,
        sink: [String],
        tls: Certificates? = nil
    ) -> String {
        var lines = [
            "\(name).sources = in", "\(name).channels = mem", "\(name).sinks = out",
            "\(name).sources.in.type = avro", "\(name).sources.in.bind = 127.0.0.1",
            "\(name).sources.in.port = \(port)",
            "\(name).sources.in.channels = mem", "\(name).sources.in.acknowledge = \(acknowledge)",
            "\(name).channels.mem.type = memory", "\(name).channels.mem.capacity = 10000",
            "\(name).channels.mem.transactionCapacity = 1000", "\(name).sinks.out.channel = mem",
        ]
        lines += sink.map { "\(name).sinks.out.\($0)" }
        if let tls {
            lines += ["\(name).sources.in.ssl = true", "\(name).sources.in.ssl.client-auth = need"]
            lines += stores("\(name).sources.in", key: tls.path("server.p12"), "PKCS12", tls)
        }
        return lines.joined(separator: "\n") + "\n"
    }

    static func kafka(_ bootstrap: String, _ topic: String) -> [String] {
        [
            "type = org.apache.flume.sink.kafka.KafkaSink", "kafka.bootstrap.servers = \(bootstrap)",
            "kafka.topic = \(topic)", "flumeBatchSize = 100", "kafka.producer.acks = all",
            // Retries of the client itself keep order and make no copies.
            "kafka.producer.enable.idempotence = true",
        ]
    }

    static func avro(_ port: Int) -> [String] {
        ["type = avro", "hostname = 127.0.0.1", "port = \(port)", "batch-size = 100"]
    }

    private static func stores(_ component: String, key: String, _ type: String, _ tls: Certificates) -> [String] {
        [
            "\(component).keystore = \(key)", "\(component).keystore-type = \(type)",
            "\(component).keystore-password = \(Certificates.password)",
            "\(component).truststore = \(tls.path("trust.p12"))", "\(component).truststore-type = PKCS12",
            "\(component).truststore-password = \(Certificates.password)",
        ]
    }
}
