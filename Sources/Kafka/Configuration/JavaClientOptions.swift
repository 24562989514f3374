/// The properties of a Java client as librdkafka's: names and values.
///
/// A pure translation; whether librdkafka takes the result is another matter. Names that the Java client does not have
/// go over as they are, for they may be librdkafka's own.
struct JavaClientOptions {
    /// In the order of their Java names, so that two runs agree.
    private(set) var options: [(source: String, option: ClientOption)] = []
    /// Key and trust stores, to be read when a client is made.
    private(set) var stores = ClientStores()
    /// Java name and what to say.
    private(set) var notes: [(name: String, text: String)] = []
    private(set) var faults: [(name: String, text: String)] = []

    private let role: JavaClientKey.Role

    /// librdkafka names that would change how the component works.
    private static let reserved: Set<String> = [
        "metadata.broker.list", "delivery.report.only.error", "log.queue", "enabled_events", "dr_cb", "dr_msg_cb",
        "error_cb", "log_cb", "opaque", "enable.auto.offset.store", "auto.commit.enable", "enable.partition.eof",
        "rebalance_cb", "offset_commit_cb", "consume_cb",
    ]

    private static let serializers: [String: Set<String>] = [
        "key.serializer": ["org.apache.kafka.common.serialization.StringSerializer"],
        "value.serializer": ["org.apache.kafka.common.serialization.ByteArraySerializer"],
    ]

    private static let deserializers: Set<String> = [
        "org.apache.kafka.common.serialization.StringDeserializer",
        "org.apache.kafka.common.serialization.ByteArrayDeserializer",
    ]

    private static let partitioners: [String: String] = [
        "org.apache.kafka.clients.producer.internals.DefaultPartitioner": "murmur2_random",
        "org.apache.kafka.clients.producer.UniformStickyPartitioner": "random",
        "org.apache.kafka.clients.producer.RoundRobinPartitioner": "random",
    ]

    private static let assignors: [String: String] = [
        "org.apache.kafka.clients.consumer.RangeAssignor": "range",
        "org.apache.kafka.clients.consumer.RoundRobinAssignor": "roundrobin",
        "org.apache.kafka.clients.consumer.CooperativeStickyAssignor": "cooperative-sticky",
        "range": "range", "roundrobin": "roundrobin", "cooperative-sticky": "cooperative-sticky",
    ]

    /// The longest wait for more records: Flume flushes after each batch, so a longer one never had an effect there.
    static let longestLinger = 5

    /// - Parameter properties: what stands behind `kafka.producer.` or `kafka.consumer.`.
    init(_ properties: [String: String], for role: JavaClientKey.Role) {
        self.role = role
        for (name, value) in properties.sorted(by: { $0.key < $1.key }) {
            if Self.reserved.contains(name) {
                note(name, "is set by Tributary itself; the value is ignored")
                continue
            }
            switch JavaClientKey.rule(for: name, of: role) {
            case .none: add(name, name, value)
            case .pass(let names): for other in names { add(name, other, value) }
            case .number(let names, let divisor, let range): number(name, value, names, divisor, range)
            case .drop(let reason): note(name, "has no effect: \(reason)")
            case .special: special(name, value, properties)
            }
        }
        if role == .producer {
            checkIdempotence(properties)
            checkTransactions(properties)
        }
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
        case "key.deserializer", "value.deserializer":
            if !Self.deserializers.contains(value) {
                note(name, "has no effect: keys and values are taken as bytes, and Java classes cannot be loaded")
            }
        case "linger.ms":
            number(name, value, [name], 1, 0...Self.longestLinger)
        case "enable.idempotence":
            if Self.isTrue(value) { add(name, name, "true") }
        case "transactional.id":
            if !value.isEmpty { add(name, name, value) }
        case "partitioner.class":
            partitioner(name, value)
        case "auto.offset.reset":
            // Java's `none`: the consumer stops where no offset is known.
            add(name, name, value.lowercased() == "none" ? "error" : value.lowercased())
        case "enable.auto.commit":
            if Self.isTrue(value) {
                note(name, "has no effect: offsets are committed when their events are acknowledged")
            }
        case "exclude.internal.topics":
            if !Self.isTrue(value) { note(name, "has no effect: Kafka's internal topics are never read by a pattern") }
        case "partition.assignment.strategy":
            assignors(name, value)
        case "security.protocol":
            add(name, name, value.lowercased())
        case "sasl.jaas.config":
            jaas(name, value)
        case "ssl.endpoint.identification.algorithm":
            if !Self.disablesHostNames(all) { add(name, name, value.isEmpty ? "none" : value.lowercased()) }
        case "ssl.disableTLSHostnameVerification":
            if Self.disablesHostNames(all) { add(name, "ssl.endpoint.identification.algorithm", "none") }
        default:
            if let text = stores.take(name, value) { fault(name, text) }
        }
    }

    private mutating func partitioner(_ name: String, _ value: String) {
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
    }

    private mutating func assignors(_ name: String, _ value: String) {
        let words = value.split(separator: ",").map { $0.trimmingBlanks }.filter { !$0.isEmpty }
        var known: [String] = []
        for word in words {
            if let assignor = Self.assignors[word] {
                known.append(assignor)
            } else {
                note(
                    name,
                    "names \(word), which has no counterpart; range, roundrobin and cooperative-sticky are known"
                )
            }
        }
        if !known.isEmpty { add(name, name, known.joined(separator: ",")) }
    }

    /// Flume's own key works with TLS only (KafkaSSLUtil).
    private static func disablesHostNames(_ all: [String: String]) -> Bool {
        isTrue(all["ssl.disableTLSHostnameVerification"] ?? "")
            && ["SSL", "SASL_SSL"].contains(all["security.protocol"] ?? "")
    }

    private mutating func jaas(_ name: String, _ value: String) {
        do throws(JaasConfiguration.Problem) {
            let configuration = try JaasConfiguration(value)
            let options = configuration.librdkafka
            for option in options { add(name, option.name, option.value) }
            if options.isEmpty {
                note(name, "of \(configuration.module) cannot be used; give librdkafka's own sasl.* keys")
            }
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

    /// Transactions imply idempotence (ProducerConfig), which `checkIdempotence` does not see.
    private mutating func checkTransactions(_ all: [String: String]) {
        guard let id = all["transactional.id"], !id.isEmpty else { return }
        let acks = all["acks"] ?? all["request.required.acks"] ?? "1"
        if !["all", "-1"].contains(acks) {
            fault("transactional.id", "is set, which needs kafka.producer.acks = all (it is \(acks))")
        }
        if let value = all["enable.idempotence"], !Self.isTrue(value) {
            fault("transactional.id", "is set, which needs kafka.producer.enable.idempotence = true")
        }
    }

    /// java.lang.Boolean.parseBoolean.
    private static func isTrue(_ value: String) -> Bool { value.lowercased() == "true" }
}

extension StringProtocol {
    /// Without blanks and tabs at both ends.
    var trimmingBlanks: String {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        let rest = drop(while: isBlank)
        return String(rest.reversed().drop(while: isBlank).reversed())
    }
}
