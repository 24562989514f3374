import Testing

@testable import Kafka

@Suite struct JavaClientOptionsTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let java: [String: String]
        let options: [String]
        /// Java names that are noted.
        var notes: [String] = []
        /// Java names that are faults.
        var faults: [String] = []
        var role = JavaClientKey.Role.producer

        var testDescription: String {
            java.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
        }
    }

    static let cases: [Case] =
        [
            Case(java: ["acks": "all"], options: ["acks = all"]),
            Case(java: ["acks": "0"], options: ["acks = 0"]),
            Case(java: ["client.id": "edge"], options: ["client.id = edge"]),
            Case(
                java: ["metadata.max.age.ms": "60000"],
                options: ["metadata.max.age.ms = 60000", "topic.metadata.refresh.interval.ms = 60000"]
            ),
            Case(java: ["connections.max.idle.ms": "-1"], options: ["connections.max.idle.ms = 0"]),
            Case(java: ["reconnect.backoff.ms": "70"], options: ["reconnect.backoff.ms = 70"]),
            Case(java: ["reconnect.backoff.max.ms": "700"], options: ["reconnect.backoff.max.ms = 700"]),
            Case(java: ["retry.backoff.ms": "0"], options: ["retry.backoff.ms = 1"]),
            Case(
                java: ["request.timeout.ms": "20000"],
                options: ["request.timeout.ms = 20000", "socket.timeout.ms = 20000"]
            ),
            Case(
                java: ["request.timeout.ms": "600000"],
                options: ["request.timeout.ms = 300000", "socket.timeout.ms = 300000"],
                notes: ["request.timeout.ms"]
            ),
            Case(java: ["send.buffer.bytes": "-1"], options: ["socket.send.buffer.bytes = 0"]),
            Case(java: ["receive.buffer.bytes": "65536"], options: ["socket.receive.buffer.bytes = 65536"]),
            Case(java: ["linger.ms": "3"], options: ["linger.ms = 3"]),
            Case(java: ["linger.ms": "500"], options: ["linger.ms = 5"], notes: ["linger.ms"]),
            Case(java: ["linger.ms": "soon"], options: [], faults: ["linger.ms"]),
            Case(java: ["batch.size": "16384"], options: ["batch.size = 16384"]),
            Case(java: ["batch.size": "0"], options: ["batch.size = 1"]),
            Case(java: ["buffer.memory": "67108864"], options: ["queue.buffering.max.kbytes = 65536"]),
            Case(java: ["delivery.timeout.ms": "60000"], options: ["delivery.timeout.ms = 60000"]),
            Case(java: ["retries": "3"], options: ["retries = 3"]),
            Case(
                java: ["max.in.flight.requests.per.connection": "1"],
                options: ["max.in.flight.requests.per.connection = 1"]
            ),
            Case(java: ["max.request.size": "2097152"], options: ["message.max.bytes = 2097152"]),
            Case(java: ["compression.type": "lz4"], options: ["compression.type = lz4"]),
            Case(java: ["max.block.ms": "1"], options: [], notes: ["max.block.ms"]),
            Case(java: ["metric.reporters": "x.Y"], options: [], notes: ["metric.reporters"]),
            Case(java: ["metrics.num.samples": "2"], options: [], notes: ["metrics.num.samples"]),
            Case(java: ["interceptor.classes": "x.Y"], options: [], notes: ["interceptor.classes"]),
            Case(java: ["client.dns.lookup": "use_all_dns_ips"], options: [], notes: ["client.dns.lookup"]),
            Case(java: ["bootstrap.servers": "other:9092"], options: [], notes: ["bootstrap.servers"]),
            Case(java: ["transactional.id": ""], options: []),
            Case(java: ["transactional.id": "t", "acks": "all"], options: ["acks = all", "transactional.id = t"]),
            Case(java: ["transactional.id": "t"], options: ["transactional.id = t"], faults: ["transactional.id"]),
            Case(
                java: ["transactional.id": "t", "acks": "all", "enable.idempotence": "false"],
                options: ["acks = all", "transactional.id = t"],
                faults: ["transactional.id"]
            ),
            Case(java: ["delivery.report.only.error": "true"], options: [], notes: ["delivery.report.only.error"]),
            Case(java: ["key.serializer": "org.apache.kafka.common.serialization.StringSerializer"], options: []),
            Case(java: ["value.serializer": "org.apache.kafka.common.serialization.ByteArraySerializer"], options: []),
            Case(java: ["value.serializer": "com.example.Mine"], options: [], faults: ["value.serializer"]),
            Case(
                java: ["partitioner.class": "org.apache.kafka.clients.producer.internals.DefaultPartitioner"],
                options: ["partitioner = murmur2_random"]
            ),
            Case(
                java: ["partitioner.class": "org.apache.kafka.clients.producer.UniformStickyPartitioner"],
                options: ["partitioner = random"]
            ),
            Case(
                java: ["partitioner.class": "org.apache.kafka.clients.producer.RoundRobinPartitioner"],
                options: ["partitioner = random", "sticky.partitioning.linger.ms = 0"],
                notes: ["partitioner.class"]
            ),
            Case(java: ["partitioner.class": "com.example.Mine"], options: [], faults: ["partitioner.class"]),
            Case(java: ["enable.idempotence": "false"], options: []),
            Case(
                java: ["enable.idempotence": "true", "acks": "all"],
                options: ["acks = all", "enable.idempotence = true"]
            ),
            Case(
                java: ["enable.idempotence": "true"],
                options: ["enable.idempotence = true"],
                faults: ["enable.idempotence"]
            ),
            Case(
                java: ["enable.idempotence": "true", "acks": "-1", "max.in.flight.requests.per.connection": "6"],
                options: ["acks = -1", "enable.idempotence = true", "max.in.flight.requests.per.connection = 6"],
                faults: ["enable.idempotence"]
            ),
            Case(java: ["security.protocol": "SASL_SSL"], options: ["security.protocol = sasl_ssl"]),
            Case(java: ["sasl.mechanism": "SCRAM-SHA-256"], options: ["sasl.mechanism = SCRAM-SHA-256"]),
            Case(
                java: [
                    "sasl.jaas.config":
                        #"org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="p;\"=";"#
                ],
                options: ["sasl.username = u", "sasl.password = (hidden)"]
            ),
            Case(
                java: [
                    "sasl.jaas.config":
                        #"com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true keyTab="/k.tab" principal="p@R";"#
                ],
                options: ["sasl.kerberos.keytab = /k.tab", "sasl.kerberos.principal = p@R"]
            ),
            Case(
                java: [
                    "sasl.jaas.config":
                        "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required clientId=i clientSecret=s;"
                ],
                options: [
                    "sasl.oauthbearer.method = oidc", "sasl.oauthbearer.client.id = i",
                    "sasl.oauthbearer.client.secret = (hidden)",
                ]
            ),
            Case(
                java: ["sasl.jaas.config": "com.example.MyLoginModule required a=b;"],
                options: [],
                notes: ["sasl.jaas.config"]
            ),
            Case(java: ["sasl.jaas.config": "nonsense"], options: [], faults: ["sasl.jaas.config"]),
            Case(java: ["ssl.ca.location": "/etc/ca.pem"], options: ["ssl.ca.location = /etc/ca.pem"]),
            // Stores are read when a client is made.
            Case(
                java: [
                    "ssl.truststore.location": "/etc/t.jks", "ssl.keystore.location": "/k.p12",
                    "ssl.keystore.type": "PKCS12",
                    "ssl.keystore.password": "x", "ssl.key.password": "y", "ssl.truststore.password": "z",
                    "ssl.truststore.type": "JKS",
                ],
                options: []
            ),
            Case(java: ["ssl.truststore.type": "WINDOWS-ROOT"], options: [], faults: ["ssl.truststore.type"]),
            Case(
                java: ["ssl.endpoint.identification.algorithm": ""],
                options: ["ssl.endpoint.identification.algorithm = none"]
            ),
            Case(
                java: ["ssl.disableTLSHostnameVerification": "true", "security.protocol": "SSL"],
                options: ["security.protocol = ssl", "ssl.endpoint.identification.algorithm = none"]
            ),
            Case(java: ["ssl.disableTLSHostnameVerification": "true"], options: []),
            Case(java: ["ssl.protocol": "TLSv1.2"], options: [], notes: ["ssl.protocol"]),
            // librdkafka's own names, and such that nobody knows, go over as they are.
            Case(java: ["partitioner": "fnv1a"], options: ["partitioner = fnv1a"]),
            Case(java: ["no.such.key": "1"], options: ["no.such.key = 1"]),
        ] + consumer

    static let consumer: [Case] = [
        Case(java: ["auto.offset.reset": "earliest"], options: ["auto.offset.reset = earliest"], role: .consumer),
        Case(java: ["auto.offset.reset": "none"], options: ["auto.offset.reset = error"], role: .consumer),
        Case(java: ["enable.auto.commit": "true"], options: [], notes: ["enable.auto.commit"], role: .consumer),
        Case(java: ["enable.auto.commit": "false"], options: [], role: .consumer),
        Case(java: ["auto.commit.interval.ms": "1"], options: [], notes: ["auto.commit.interval.ms"], role: .consumer),
        Case(java: ["max.poll.records": "1"], options: [], notes: ["max.poll.records"], role: .consumer),
        Case(java: ["fetch.max.wait.ms": "70"], options: ["fetch.wait.max.ms = 70"], role: .consumer),
        Case(java: ["request.timeout.ms": "20000"], options: ["socket.timeout.ms = 20000"], role: .consumer),
        Case(
            java: ["isolation.level": "read_committed"],
            options: ["isolation.level = read_committed"],
            role: .consumer
        ),
        Case(
            java: [
                "partition.assignment.strategy":
                    "org.apache.kafka.clients.consumer.CooperativeStickyAssignor, org.apache.kafka.clients.consumer.RangeAssignor"
            ],
            options: ["partition.assignment.strategy = cooperative-sticky,range"],
            role: .consumer
        ),
        Case(
            java: ["partition.assignment.strategy": "org.apache.kafka.clients.consumer.StickyAssignor"],
            options: [],
            notes: ["partition.assignment.strategy"],
            role: .consumer
        ),
        Case(
            java: ["value.deserializer": "org.apache.kafka.common.serialization.StringDeserializer"],
            options: [],
            role: .consumer
        ),
        Case(java: ["value.deserializer": "x.Y"], options: [], notes: ["value.deserializer"], role: .consumer),
        Case(
            java: ["exclude.internal.topics": "false"],
            options: [],
            notes: ["exclude.internal.topics"],
            role: .consumer
        ),
        Case(
            java: ["enable.auto.offset.store": "true"],
            options: [],
            notes: ["enable.auto.offset.store"],
            role: .consumer
        ),
        Case(java: ["security.protocol": "SSL"], options: ["security.protocol = ssl"], role: .consumer),
    ]

    @Test(arguments: cases) func translates(_ test: Case) {
        let result = JavaClientOptions(test.java, for: test.role)
        #expect(result.options.map(\.option.description).sorted() == test.options.sorted())
        #expect(result.notes.map(\.name) == test.notes)
        #expect(result.faults.map(\.name) == test.faults)
    }

    @Test func passwordsAreUnquoted() throws {
        let jaas = try JaasConfiguration(#"a.b.ScramLoginModule required username=u password="a\\b\"c;=" ;"#)
        #expect(jaas.module == "ScramLoginModule")
        #expect(jaas.options == ["username": "u", "password": #"a\b"c;="#])
    }
}
