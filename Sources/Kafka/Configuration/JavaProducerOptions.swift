/// The properties of a Java producer as librdkafka's: names and values.
///
/// A pure translation; whether librdkafka takes the result is another matter. Names that the Java client does not have
/// go over as they are, for they may be librdkafka's own.
struct JavaProducerOptions {
    /// In the order of their Java names, so that two runs agree.
    private(set) var options: [(source: String, option: ClientOption)] = []
    /// Java name and what to say.
    private(set) var notes: [(name: String, text: String)] = []
    private(set) var faults: [(name: String, text: String)] = []

    /// librdkafka names that would change how the sink works.
    private static let reserved: Set<String> = [
        "metadata.broker.list", "delivery.report.only.error", "log.queue", "enabled_events", "dr_cb", "dr_msg_cb",
        "error_cb", "log_cb", "opaque",
    ]

    private static let serializers: [String: Set<String>] = [
        "key.serializer": ["org.apache.kafka.common.serialization.StringSerializer"],
        "value.serializer": ["org.apache.kafka.common.serialization.ByteArraySerializer"],
    ]

    private static let partitioners: [String: String] = [
        "org.apache.kafka.clients.producer.internals.DefaultPartitioner": "murmur2_random",
        "org.apache.kafka.clients.producer.UniformStickyPartitioner": "random",
        "org.apache.kafka.clients.producer.RoundRobinPartitioner": "random",
    ]

    /// The longest wait for more records: Flume flushes after each batch, so a longer one never had an effect there.
    static let longestLinger = 5

    /// - Parameter properties: what stands behind `kafka.producer.`.
    init(_ properties: [String: String]) {
        for (name, value) in properties.sorted(by: { $0.key < $1.key }) {
            if Self.reserved.contains(name) {
                note(name, "is set by the sink itself; the value is ignored")
                continue
            }
            switch JavaClientKey.rule(for: name) {
            case .none: add(name, name, value)
            case .pass(let names): for other in names { add(name, other, value) }
            case .number(let names, let divisor, let range): number(name, value, names, divisor, range)
            case .drop(let reason): note(name, "has no effect: \(reason)")
            case .special: special(name, value, properties)
            }
        }
        checkIdempotence(properties)
    }

    private mutating func add(_ source: String, _ name: String, _ value: String) {
        options.append((source, ClientOption(name, value)))
    }

    private mutating func note(_ name: String, _ text: String) { notes.append((name, text)) }
    private mutating func fault(_ name: String, _ text: String) { faults.append((name, text)) }

    private mutating func number(
        _ name: String,
        _ value: String,
        _ names: [String],
        _ divisor: Int,
        _ range: ClosedRange<Int>
    ) {
        guard let number = Int(value) else {
            fault(name, "is \"\(value)\", which is not a whole number")
            return
        }
        let scaled = number / divisor
        let kept = min(max(scaled, range.lowerBound), range.upperBound)
        // -1 (the system's buffer size, no idle limit) and 0 are Java's words for librdkafka's lowest value.
        if kept != scaled, number > 0 {
            note(name, "is \(number); \(kept * divisor) is used, the nearest that is possible")
        }
        for other in names { add(name, other, String(kept)) }
    }

    private mutating func special(_ name: String, _ value: String, _ all: [String: String]) {
        switch name {
        case "key.serializer", "value.serializer":
            if Self.serializers[name]?.contains(value) != true {
                let known = Self.serializers[name]?.first ?? ""
                fault(
                    name,
                    "is \(value), a Java class, which cannot be loaded; keys are text and values bytes: use \(known)"
                )
            }
        case "linger.ms":
            number(name, value, [name], 1, 0...Self.longestLinger)
        case "enable.idempotence":
            if Self.isTrue(value) { add(name, name, "true") }
        case "partitioner.class":
            guard let partitioner = Self.partitioners[value] else {
                fault(
                    name,
                    "is \(value), a Java class, which cannot be loaded; set kafka.producer.partitioner to one of "
                        + "murmur2_random, murmur2, consistent_random, consistent, fnv1a_random, fnv1a, random"
                )
                return
            }
            add(name, "partitioner", partitioner)
            if value.hasSuffix("RoundRobinPartitioner") {
                note(name, "spreads records at random instead of in turn")
                add(name, "sticky.partitioning.linger.ms", "0")
            }
        case "security.protocol":
            add(name, name, value.lowercased())
        case "sasl.jaas.config":
            jaas(name, value)
        case "ssl.endpoint.identification.algorithm":
            if !Self.disablesHostNames(all) { add(name, name, value.isEmpty ? "none" : value.lowercased()) }
        case "ssl.disableTLSHostnameVerification":
            if Self.disablesHostNames(all) { add(name, "ssl.endpoint.identification.algorithm", "none") }
        default:
            store(name, value, all)
        }
    }

    /// Flume's own key works with TLS only (KafkaSSLUtil).
    private static func disablesHostNames(_ all: [String: String]) -> Bool {
        isTrue(all["ssl.disableTLSHostnameVerification"] ?? "")
            && ["SSL", "SASL_SSL"].contains(all["security.protocol"] ?? "")
    }

    /// Key and trust stores. Java's default type is JKS.
    private mutating func store(_ name: String, _ value: String, _ all: [String: String]) {
        let kind = String(name.split(separator: ".")[1])
        let type = (all["ssl.\(kind).type"] ?? "JKS").uppercased()
        switch (kind, type, name.hasSuffix(".location"), name.hasSuffix(".password")) {
        case ("truststore", "PEM", true, _):
            add(name, "ssl.ca.location", value)
        case ("keystore", "PEM", true, _):
            add(name, "ssl.certificate.location", value)
            add(name, "ssl.key.location", value)
        case ("keystore", "PKCS12", true, _), ("keystore", "PKCS12", _, true):
            add(name, name, value)
        case (_, _, true, _):
            let names = kind == "truststore" ? "ssl.ca.location" : "ssl.certificate.location and ssl.key.location"
            note(name, "names a \(type) store, which cannot be read; give PEM files by \(names). It is ignored")
        default: break
        }
    }

    private mutating func jaas(_ name: String, _ value: String) {
        do throws(JaasConfiguration.Problem) {
            let configuration = try JaasConfiguration(value)
            guard let user = configuration.options["username"], let password = configuration.options["password"],
                ["PlainLoginModule", "ScramLoginModule"].contains(configuration.module)
            else {
                note(name, "of \(configuration.module) cannot be used; give librdkafka's own sasl.* keys")
                return
            }
            add(name, "sasl.username", user)
            add(name, "sasl.password", password)
        } catch {
            fault(name, "cannot be read: \(error.text)")
        }
    }

    /// org.apache.kafka.clients.producer.ProducerConfig: the idempotent producer needs acks all, at most 5 requests in
    /// flight and retries. Flume sets acks to 1 unless the file says otherwise.
    private mutating func checkIdempotence(_ all: [String: String]) {
        guard let value = all["enable.idempotence"], Self.isTrue(value) else { return }
        let acks = all["acks"] ?? all["request.required.acks"] ?? "1"
        if !["all", "-1"].contains(acks) {
            fault("enable.idempotence", "is true, which needs kafka.producer.acks = all (it is \(acks))")
        }
        if let flight = all["max.in.flight.requests.per.connection"].flatMap(Int.init), flight > 5 {
            fault("enable.idempotence", "is true, which needs max.in.flight.requests.per.connection of 5 or less")
        }
        if let retries = all["retries"].flatMap(Int.init), retries < 1 {
            fault("enable.idempotence", "is true, which needs retries above 0")
        }
    }

    /// java.lang.Boolean.parseBoolean.
    private static func isTrue(_ value: String) -> Bool { value.lowercased() == "true" }
}
