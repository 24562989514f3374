/// What becomes of one property of the Java client (2.7, as Flume 1.11 has it) in librdkafka 2.0.
struct JavaClientKey {
    enum Rule {
        /// Goes over under these names, its value as it is.
        case pass([String])
        /// A whole number that goes over under these names, divided, and kept within what librdkafka accepts.
        case number([String], dividedBy: Int, within: ClosedRange<Int>)
        /// Has no counterpart; why.
        case drop(String)
        /// Needs a look at its value: `JavaClientOptions`.
        case special
    }

    /// Which of the Java clients a key is for.
    enum Role: String {
        case producer
        case consumer

        /// What stands before the client's own keys in a Flume file.
        var prefix: String { "kafka.\(rawValue)." }
    }

    let name: String
    let rule: Rule

    private init(_ name: String, _ rule: Rule) {
        self.name = name
        self.rule = rule
    }

    private static func number(
        _ name: String,
        _ range: ClosedRange<Int>,
        to names: [String]? = nil,
        by divisor: Int = 1
    ) -> JavaClientKey {
        JavaClientKey(name, .number(names ?? [name], dividedBy: divisor, within: range))
    }

    private static let int = Int(Int32.max)

    /// The rule for a key, `nil` where the Java client has none of that name: librdkafka is asked then.
    static func rule(for name: String, of role: Role) -> Rule? {
        if let key = (role == .producer ? producerByName : consumerByName)[name] { return key.rule }
        if name.hasPrefix("metrics.") || name == "metric.reporters" {
            return .drop("metrics of the Java client; set statistics.interval.ms, or read /metrics")
        }
        return nil
    }

    private static let producerByName = byName(producer)
    private static let consumerByName = byName(consumer)

    private static func byName(_ own: [JavaClientKey]) -> [String: JavaClientKey] {
        Dictionary((common + own + security).map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Ranges are those of librdkafka's CONFIGURATION.md.
    private static let common: [JavaClientKey] = [
        JavaClientKey("bootstrap.servers", .drop("Flume takes kafka.bootstrap.servers only")),
        JavaClientKey("client.id", .pass(["client.id"])),
        JavaClientKey("client.dns.lookup", .drop("every address of a name is tried anyway")),
        number(
            "metadata.max.age.ms",
            1...3_600_000,
            to: ["metadata.max.age.ms", "topic.metadata.refresh.interval.ms"]
        ),
        number("connections.max.idle.ms", 0...int),
        number("reconnect.backoff.ms", 0...3_600_000),
        number("reconnect.backoff.max.ms", 0...3_600_000),
        number("socket.connection.setup.timeout.ms", 1000...int),
        JavaClientKey("socket.connection.setup.timeout.max.ms", .drop("connects back off by reconnect.backoff.max.ms")),
        number("send.buffer.bytes", 0...100_000_000, to: ["socket.send.buffer.bytes"]),
        number("receive.buffer.bytes", 0...100_000_000, to: ["socket.receive.buffer.bytes"]),
        JavaClientKey("interceptor.classes", .drop("Java classes cannot be loaded")),
    ]

    private static let producer: [JavaClientKey] = [
        number("retry.backoff.ms", 1...300_000),
        number("request.timeout.ms", 10...300_000, to: ["request.timeout.ms", "socket.timeout.ms"]),
        JavaClientKey("acks", .pass(["acks"])),
        JavaClientKey("key.serializer", .special),
        JavaClientKey("value.serializer", .special),
        JavaClientKey("linger.ms", .special),
        number("batch.size", 1...int),
        number("buffer.memory", 1...int, to: ["queue.buffering.max.kbytes"], by: 1024),
        JavaClientKey("max.block.ms", .drop("the sink does not block: a full buffer makes it busy")),
        number("delivery.timeout.ms", 1...int),
        number("retries", 0...int),
        number("max.in.flight.requests.per.connection", 1...1_000_000),
        number("max.request.size", 1000...1_000_000_000, to: ["message.max.bytes"]),
        JavaClientKey("compression.type", .pass(["compression.type"])),
        JavaClientKey("enable.idempotence", .special),
        JavaClientKey("transactional.id", .special),
        number("transaction.timeout.ms", 1000...int),
        JavaClientKey("partitioner.class", .special),
    ]

    private static let consumer: [JavaClientKey] = [
        JavaClientKey("group.instance.id", .pass(["group.instance.id"])),
        JavaClientKey("key.deserializer", .special),
        JavaClientKey("value.deserializer", .special),
        JavaClientKey("auto.offset.reset", .special),
        JavaClientKey("enable.auto.commit", .special),
        JavaClientKey("auto.commit.interval.ms", .drop("offsets are committed when their events are acknowledged")),
        JavaClientKey("max.poll.records", .drop("batchSize bounds a batch")),
        number("max.poll.interval.ms", 1...86_400_000),
        number("session.timeout.ms", 1...3_600_000),
        number("heartbeat.interval.ms", 1...3_600_000),
        number("fetch.min.bytes", 1...100_000_000),
        number("fetch.max.wait.ms", 0...300_000, to: ["fetch.wait.max.ms"]),
        number("fetch.max.bytes", 0...999_999_000),
        number("max.partition.fetch.bytes", 1...1_000_000_000),
        JavaClientKey("isolation.level", .pass(["isolation.level"])),
        JavaClientKey("partition.assignment.strategy", .special),
        JavaClientKey("allow.auto.create.topics", .pass(["allow.auto.create.topics"])),
        JavaClientKey("check.crcs", .pass(["check.crcs"])),
        JavaClientKey("exclude.internal.topics", .special),
        JavaClientKey("client.rack", .pass(["client.rack"])),
        number("request.timeout.ms", 10...300_000, to: ["socket.timeout.ms"]),
        JavaClientKey("retry.backoff.ms", .drop("librdkafka's consumer has pauses of its own")),
        JavaClientKey("default.api.timeout.ms", .drop("no call of the agent waits so long")),
    ]

    private static let security: [JavaClientKey] = [
        JavaClientKey("security.protocol", .special),
        JavaClientKey("sasl.mechanism", .pass(["sasl.mechanism"])),
        JavaClientKey("sasl.jaas.config", .special),
        JavaClientKey("sasl.kerberos.service.name", .pass(["sasl.kerberos.service.name"])),
        JavaClientKey(
            "sasl.kerberos.kinit.cmd",
            .drop("librdkafka's own has another syntax: sasl.kerberos.kinit.command")
        ),
        JavaClientKey("sasl.oauthbearer.token.endpoint.url", .pass(["sasl.oauthbearer.token.endpoint.url"])),
        JavaClientKey("sasl.login.callback.handler.class", .drop("Java classes cannot be loaded")),
        JavaClientKey("sasl.client.callback.handler.class", .drop("Java classes cannot be loaded")),
        JavaClientKey("sasl.login.class", .drop("Java classes cannot be loaded")),
        JavaClientKey("ssl.truststore.location", .special),
        JavaClientKey("ssl.truststore.password", .special),
        JavaClientKey("ssl.truststore.type", .special),
        JavaClientKey("ssl.truststore.certificates", .special),
        JavaClientKey("ssl.keystore.location", .special),
        JavaClientKey("ssl.keystore.password", .special),
        JavaClientKey("ssl.keystore.type", .special),
        JavaClientKey("ssl.keystore.certificate.chain", .special),
        JavaClientKey("ssl.keystore.key", .special),
        JavaClientKey("ssl.key.password", .special),
        JavaClientKey("ssl.endpoint.identification.algorithm", .special),
        JavaClientKey("ssl.disableTLSHostnameVerification", .special),
        JavaClientKey("ssl.cipher.suites", .drop("Java's names of cipher suites are not OpenSSL's")),
        JavaClientKey("ssl.enabled.protocols", .drop("OpenSSL chooses the best protocol of both sides")),
        JavaClientKey("ssl.protocol", .drop("OpenSSL chooses the best protocol of both sides")),
        JavaClientKey("ssl.provider", .drop("OpenSSL is the provider")),
        JavaClientKey("ssl.secure.random.implementation", .drop("OpenSSL is the provider")),
        JavaClientKey("ssl.keymanager.algorithm", .drop("OpenSSL is the provider")),
        JavaClientKey("ssl.trustmanager.algorithm", .drop("OpenSSL is the provider")),
        JavaClientKey("ssl.engine.factory.class", .drop("Java classes cannot be loaded")),
    ]
}
