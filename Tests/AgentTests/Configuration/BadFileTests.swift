import Testing

@testable import Agent

@Suite("What is said about a file that is not right")
struct BadFileTests {
    /// A small agent that is right, line by line; a row replaces lines and adds others from line 9 on.
    static let good = [
        "a.channels = c",
        "a.sources = r",
        "a.sinks = k",
        "a.channels.c.type = memory",
        "a.sources.r.type = seq",
        "a.sources.r.channels = c",
        "a.sinks.k.type = null",
        "a.sinks.k.channel = c",
    ]

    struct Row: CustomTestStringConvertible {
        let title: String
        var replaced: [Int: String] = [:]
        var added: [String] = []
        var agent = "a"
        let expected: [String]

        var text: String {
            let lines = BadFileTests.good.enumerated().map { replaced[$0 + 1] ?? $1 }
            return (lines + added).joined(separator: "\n")
        }

        var testDescription: String { title }
    }

    static func load(_ text: String, agent: String = "a", lenient: Bool = false) -> ConfigurationLoader.Outcome {
        ConfigurationLoader.load(
            files: [("f", Array(text.utf8))],
            agent: agent,
            catalog: TestCatalog.complete,
            environment: ["SIZE": "7"],
            lenient: lenient
        )
    }

    @Test(arguments: typeRows + listRows + keyRows + channelRows + groupRows + partRows + fileRows)
    func row(_ row: Row) {
        let outcome = Self.load(row.text, agent: row.agent)
        #expect(outcome.diagnostics.all.map(\.description) == row.expected)
        let hasFault = row.expected.contains { $0.contains(": fault: ") }
        #expect((outcome.configuration == nil) == hasFault)
        #expect(outcome.diagnostics.exitCode == (hasFault ? 2 : 0))
    }

    @Test func theGoodOneIsGood() {
        let outcome = Self.load(Self.good.joined(separator: "\n"))
        #expect(outcome.configuration != nil)
        #expect(outcome.diagnostics.all == [])
        #expect(Self.typeRows.count + Self.listRows.count + Self.keyRows.count + Self.channelRows.count >= 30)
    }

    static let typeRows = [
        Row(
            title: "unknown alias",
            replaced: [5: "a.sources.r.type = avor"],
            expected: ["f:5:20: fault: unknown source type `avor`; did you mean `avro`?"]
        ),
        Row(
            title: "Flume's, not ours",
            replaced: [7: "a.sinks.k.type = hbase2"],
            expected: [
                "f:7:18: fault: `hbase2` is a Flume sink that Tributary does not have; write to Kafka with "
                    + "`org.apache.flume.sink.kafka.KafkaSink` and load from there"
            ]
        ),
        Row(
            title: "foreign class",
            replaced: [7: "a.sinks.k.type = com.acme.MySink"],
            expected: [
                "f:7:18: fault: `com.acme.MySink` is a Java class; Tributary cannot load it; write it in Swift as "
                    + "Examples/CustomSink shows, or forward to an `avro` or Kafka sink"
            ]
        ),
        Row(
            title: "a channel's fault alone, not what hangs on it",
            replaced: [4: "a.channels.c.type = memry"],
            expected: ["f:4:21: fault: unknown channel type `memry`; did you mean `memory`?"]
        ),
        Row(
            title: "no type",
            replaced: [5: "a.sources.r.typo = seq"],
            expected: [
                "f:5:1: fault: `a.sources.r.type` is missing; source `r` needs it; `a.sources.r.typo` looks like it"
            ]
        ),
        Row(
            title: "two faults, two lines",
            replaced: [5: "a.sources.r.type = sqe", 7: "a.sinks.k.type = lgger"],
            expected: [
                "f:5:20: fault: unknown source type `sqe`; did you mean `seq`?",
                "f:7:18: fault: unknown sink type `lgger`; did you mean `logger`?",
            ]
        ),
    ]

    static let listRows = [
        Row(
            title: "comma in channels",
            replaced: [1: "a.channels = c,d"],
            expected: ["f:1:14: fault: `c,d` is taken as one channel name: a comma separates nothing; write `c d`"]
        ),
        Row(
            title: "comma and blank",
            replaced: [1: "a.channels = c, d"],
            added: ["a.channels.d.type = memory"],
            expected: ["f:1:14: fault: `c,` is taken as one channel name: a comma separates nothing; write `c d`"]
        ),
        Row(
            title: "comma in sources",
            replaced: [2: "a.sources = r,s"],
            expected: ["f:2:13: fault: `r,s` is taken as one source name: a comma separates nothing; write `r s`"]
        ),
        Row(
            title: "comma in a source's channels",
            replaced: [6: "a.sources.r.channels = c,d"],
            expected: ["f:6:24: fault: `c,d` is taken as one channel name: a comma separates nothing; write `c d`"]
        ),
        Row(
            title: "a comma in a name that is configured is a name",
            replaced: [
                1: "a.channels = c,d", 4: "a.channels.c,d.type = memory", 6: "a.sources.r.channels = c,d",
                8: "a.sinks.k.channel = c,d",
            ],
            expected: []
        ),
        Row(
            title: "listed, not configured",
            replaced: [2: "a.sources = r s1"],
            added: ["a.sources.s2.type = seq"],
            expected: [
                "f:2:15: fault: source `s1` is listed but has no settings; did you mean `s2`?",
                "f:9:1: note: source `s2` is not in `a.sources` and does not run",
            ]
        ),
        Row(
            title: "listed, nothing like it",
            replaced: [3: "a.sinks = k other"],
            expected: ["f:3:13: fault: sink `other` is listed but has no settings; no key begins with `a.sinks.other.`"]
        ),
        Row(
            title: "not listed",
            added: ["a.sinks.k2.type = null"],
            expected: ["f:9:1: note: sink `k2` is not in `a.sinks` and does not run"]
        ),
        Row(
            title: "listed twice",
            replaced: [3: "a.sinks = k k"],
            expected: ["f:3:13: note: `a.sinks` names `k` twice"]
        ),
        Row(
            title: "in a continued list the place is where the value starts",
            replaced: [2: "a.sources = r \\", 3: "  s\na.sinks = k"],
            expected: ["f:2:13: fault: source `s` is listed but has no settings; no key begins with `a.sources.s.`"]
        ),
        Row(
            title: "no channels",
            replaced: [1: "# none"],
            expected: ["f:2:1: fault: agent `a` has no channels; write `a.channels = c`"]
        ),
        Row(
            title: "no sources and no sinks",
            replaced: [2: "#", 3: "#"],
            expected: [
                "f:1:1: fault: agent `a` has neither sources nor sinks",
                "f:4:1: note: channel `c` has no source and no sink and is not made",
                "f:5:1: note: source `r` is not in `a.sources` and does not run",
                "f:7:1: note: sink `k` is not in `a.sinks` and does not run",
            ]
        ),
        Row(
            title: "only sinks is enough",
            replaced: [2: "#", 5: "#", 6: "#"],
            expected: []
        ),
    ]

    static let keyRows = [
        Row(
            title: "missing key, and what looks like it",
            replaced: [5: "a.sources.r.type = netcat"],
            added: ["a.sources.r.prot = 1", "a.sources.r.bind = x"],
            expected: [
                "f:5:1: fault: `a.sources.r.port` is missing; source `r` needs it; `a.sources.r.prot` looks like it",
                "f:9:1: note: unknown key `a.sources.r.prot` of netcat source `r`; did you mean `port`?",
            ]
        ),
        Row(
            title: "two missing keys",
            replaced: [7: "a.sinks.k.type = avro"],
            expected: [
                "f:7:1: fault: `a.sinks.k.hostname` is missing; sink `k` needs it",
                "f:7:1: fault: `a.sinks.k.port` is missing; sink `k` needs it",
            ]
        ),
        Row(
            title: "channel for channels",
            replaced: [6: "a.sources.r.channel = c"],
            expected: [
                "f:5:1: fault: `a.sources.r.channels` is missing; source `r` needs it; a source's key is `channels`, a "
                    + "sink's is `channel`",
                "f:6:1: note: unknown key `a.sources.r.channel` of seq source `r`; did you mean `channels`?",
            ]
        ),
        Row(
            title: "channels for channel",
            replaced: [8: "a.sinks.k.channels = c"],
            expected: [
                "f:7:1: fault: `a.sinks.k.channel` is missing; sink `k` needs it; a sink's key is `channel`, a source's "
                    + "is `channels`",
                "f:8:1: note: unknown key `a.sinks.k.channels` of null sink `k`; did you mean `channel`?",
            ]
        ),
        Row(
            title: "wrong case",
            added: ["a.sources.r.batchsize = 3"],
            expected: ["f:9:1: note: unknown key `a.sources.r.batchsize` of seq source `r`; did you mean `batchSize`?"]
        ),
        Row(
            title: "nothing like it",
            added: ["a.sinks.k.colour = red"],
            expected: ["f:9:1: note: unknown key `a.sinks.k.colour` of null sink `k`"]
        ),
        Row(
            title: "mistyped before the star",
            replaced: [7: "a.sinks.k.type = org.apache.flume.sink.kafka.KafkaSink"],
            added: ["a.sinks.k.kafka.bootstrap.servers = x", "a.sinks.k.kafka.producr.acks = 1"],
            expected: [
                "f:10:1: note: unknown key `a.sinks.k.kafka.producr.acks` of sink `k`; did you mean `kafka.producer.acks`?"
            ]
        ),
        Row(
            title: "singular second word",
            added: ["a.source.r.batchSize = 3"],
            expected: [
                "f:9:1: note: `a.source.r.batchSize` sets nothing: unknown word `source`; did you mean "
                    + "`a.sources.r.batchSize`?"
            ]
        ),
        Row(
            title: "key without a word behind the name",
            added: ["a.sources.r = seq"],
            expected: ["f:9:1: note: `a.sources.r` sets nothing: a key of a source is `a.sources.NAME.KEY`"]
        ),
        Row(
            title: "twice",
            added: ["a.sources.r.type = seq"],
            expected: ["f:9:1: note: `a.sources.r.type` stands twice: the value at f:5:1 is not used"]
        ),
        Row(
            title: "empty",
            added: ["a.sources.r.batchSize ="],
            expected: ["f:9:1: note: `a.sources.r.batchSize` has no value and is ignored, as in Flume"]
        ),
        Row(
            title: "literal reference",
            added: ["a.sources.r.batchSize = ${SIZE}"],
            expected: [
                "f:9:25: note: `${SIZE}` stays as it is: no property of the files has that name; for an environment "
                    + "variable write `${env:SIZE}`"
            ]
        ),
        Row(title: "reference to the environment", added: ["a.sources.r.batchSize = ${env:SIZE}"], expected: []),
        Row(
            title: "not a boolean",
            replaced: [5: "a.sources.r.type = netcat"],
            added: ["a.sources.r.bind = x", "a.sources.r.port = 1", "a.sources.r.ack-every-event = yes"],
            expected: [
                "f:11:31: note: `a.sources.r.ack-every-event` is `yes`, which means false, as in Flume; write `true` or "
                    + "`false`"
            ]
        ),
        Row(
            title: "no effect",
            replaced: [5: "a.sources.r.type = avro"],
            added: ["a.sources.r.bind = x", "a.sources.r.port = 1", "a.sources.r.threads = 4"],
            expected: ["f:11:1: note: `a.sources.r.threads` has no effect: Flume 1.11 ignores it too"]
        ),
        Row(title: "legacy config key", added: ["a.sinks.k.config = x", "a.channels.c.config = y"], expected: []),
    ]

    static let channelRows = [
        Row(
            title: "source without a channel that exists",
            replaced: [6: "a.sources.r.channels = xyz"],
            expected: ["f:6:24: fault: source `r` names channel `xyz`, which is not in `a.channels`"]
        ),
        Row(
            title: "source with one that exists and one that does not",
            replaced: [1: "a.channels = c mem1", 6: "a.sources.r.channels = c  mem2"],
            added: ["a.channels.mem1.type = memory"],
            expected: [
                "f:6:27: fault: source `r` names channel `mem2`, which is not in `a.channels`; did you mean `mem1`?"
            ]
        ),
        Row(
            title: "sink on a channel that is not listed",
            replaced: [8: "a.sinks.k.channel = d"],
            added: ["a.channels.d.type = memory"],
            expected: [
                "f:8:21: fault: sink `k` names channel `d`, which is not in `a.channels`; it has settings: add it to "
                    + "`a.channels`",
                "f:9:1: note: channel `d` is not in `a.channels` and does not run",
            ]
        ),
        Row(
            title: "sink on two channels",
            replaced: [8: "a.sinks.k.channel = c d"],
            expected: [
                "f:8:21: fault: `a.sinks.k.channel` is `c d`: a sink reads one channel; write a sink for each channel"
            ]
        ),
        Row(
            title: "transaction above capacity",
            added: ["a.channels.c.capacity = 10", "a.channels.c.transactionCapacity = 20"],
            expected: [
                "f:10:36: fault: `a.channels.c.transactionCapacity` is 20, above capacity 10; set "
                    + "`a.channels.c.capacity` to 20 or more"
            ]
        ),
        Row(
            title: "transaction above the default capacity",
            added: ["a.channels.c.transactionCapacity = 200"],
            expected: [
                "f:9:36: fault: `a.channels.c.transactionCapacity` is 200, above capacity 100, its default; set "
                    + "`a.channels.c.capacity` to 200 or more"
            ]
        ),
        Row(
            title: "capacity below the default transaction",
            added: ["a.channels.c.capacity = 10"],
            expected: [
                "f:9:25: fault: `a.channels.c.capacity` is 10, below transactionCapacity 100, its default; set "
                    + "`a.channels.c.transactionCapacity` to 10 or less"
            ]
        ),
        Row(
            title: "large batch of a source",
            added: ["a.sources.r.batchSize = 500"],
            expected: [
                "f:9:25: note: `a.sources.r.batchSize` 500 is above transactionCapacity 100 of channel `c`; such a batch "
                    + "is put whole"
            ]
        ),
        Row(
            title: "large batch of a sink, by default",
            added: ["a.channels.c.transactionCapacity = 50"],
            expected: [
                "f:7:1: note: `a.sinks.k.batchSize` 100, its default, is above transactionCapacity 50 of channel `c`; "
                    + "takes are capped at that"
            ]
        ),
        Row(
            title: "channel without use",
            replaced: [1: "a.channels = c d"],
            added: ["a.channels.d.type = memory"],
            expected: ["f:9:1: note: channel `d` has no source and no sink and is not made"]
        ),
    ]

    private static let twoSinks = [3: "a.sinks = k k2"]
    private static let pair = [
        "a.sinks.k2.type = null", "a.sinks.k2.channel = c", "a.sinkgroups = g", "a.sinkgroups.g.sinks = k k2",
    ]
    private static let failover = "a.sinkgroups.g.processor.type = failover"

    static let groupRows = [
        Row(
            title: "group without sinks",
            added: ["a.sinkgroups = g", failover],
            expected: ["f:10:1: fault: `a.sinkgroups.g.sinks` is missing; sink group `g` needs it"]
        ),
        Row(
            title: "group with a sink that does not exist",
            added: ["a.sinkgroups = g", "a.sinkgroups.g.sinks = k kk1", failover],
            expected: [
                "f:10:24: note: sink `k` of failover group `g` has no priority; it gets -1; set "
                    + "`a.sinkgroups.g.processor.priority.k`",
                "f:10:26: fault: sink group `g` names sink `kk1`, which is not in `a.sinks`",
            ]
        ),
        Row(
            title: "group without processor type",
            added: ["a.sinkgroups = g", "a.sinkgroups.g.sinks = k"],
            expected: ["f:10:1: fault: `a.sinkgroups.g.processor.type` is missing; sink processor `g` needs it"]
        ),
        Row(
            title: "group with an unknown processor",
            replaced: twoSinks,
            added: pair + ["a.sinkgroups.g.processor.type = loadbalance"],
            expected: ["f:13:33: fault: unknown sink processor type `loadbalance`; did you mean `load_balance`?"]
        ),
        Row(
            title: "group listed, not configured",
            added: ["a.sinkgroups = g"],
            expected: [
                "f:9:16: fault: sink group `g` is listed but has no settings; no key begins with `a.sinkgroups.g.`"
            ]
        ),
        Row(
            title: "sink in two groups",
            added: [
                "a.sinkgroups = g h", "a.sinkgroups.g.sinks = k", "a.sinkgroups.g.processor.type = default",
                "a.sinkgroups.h.sinks = k", "a.sinkgroups.h.processor.type = default",
            ],
            expected: ["f:12:24: fault: sink `k` is in two groups, `g` and `h`"]
        ),
        Row(
            title: "equal priorities",
            replaced: twoSinks,
            added: pair + [
                failover, "a.sinkgroups.g.processor.priority.k = 5", "a.sinkgroups.g.processor.priority.k2 = 5",
            ],
            expected: [
                "f:15:40: fault: sinks `k` and `k2` of failover group `g` have the same priority 5; give each its own; "
                    + "the higher goes first"
            ]
        ),
        Row(
            title: "priority of a stranger",
            replaced: twoSinks,
            added: pair + [
                failover, "a.sinkgroups.g.processor.priority.k = 5", "a.sinkgroups.g.processor.priority.k2 = 4",
                "a.sinkgroups.g.processor.priority.k3 = 3",
            ],
            expected: [
                "f:16:1: note: `a.sinkgroups.g.processor.priority.k3` has no effect: `k3` is not in group `g`; did you "
                    + "mean `k2`?"
            ]
        ),
        Row(
            title: "no priorities",
            replaced: twoSinks,
            added: pair + [failover],
            expected: [
                "f:12:24: note: sink `k` of failover group `g` has no priority; it gets -1; set "
                    + "`a.sinkgroups.g.processor.priority.k`",
                "f:12:24: note: sink `k2` of failover group `g` has no priority; it gets -2; set "
                    + "`a.sinkgroups.g.processor.priority.k2`",
            ]
        ),
        Row(
            title: "a priority that is no number",
            replaced: twoSinks,
            added: pair + [
                failover, "a.sinkgroups.g.processor.priority.k = high", "a.sinkgroups.g.processor.priority.k2 = 4",
            ],
            expected: [
                "f:14:39: note: `a.sinkgroups.g.processor.priority.k` is `high`, not a number; it gets -1"
            ]
        ),
        Row(
            title: "balancing one sink",
            added: ["a.sinkgroups = g", "a.sinkgroups.g.sinks = k", "a.sinkgroups.g.processor.type = load_balance"],
            expected: [
                "f:11:33: fault: a group with the processor `load_balance` needs two sinks or more, `g` has 1; leave the "
                    + "group out: a sink alone needs none"
            ]
        ),
        Row(
            title: "default processor for two",
            replaced: twoSinks,
            added: pair + ["a.sinkgroups.g.processor.type = default"],
            expected: [
                "f:13:33: fault: a group with the processor `default` has one sink, `g` has 2; use `failover` or "
                    + "`load_balance`"
            ]
        ),
        Row(
            title: "members on different channels",
            replaced: [1: "a.channels = c d", 3: "a.sinks = k k2"],
            added: [
                "a.channels.d.type = memory", "a.sinks.k2.type = null", "a.sinks.k2.channel = d", "a.sinkgroups = g",
                "a.sinkgroups.g.sinks = k k2", "a.sinkgroups.g.processor.type = load_balance",
            ],
            expected: [
                "f:13:24: note: the sinks of group `g` read different channels; those of each channel form a group of "
                    + "their own"
            ]
        ),
        Row(
            title: "unknown key of a group and of its processor",
            added: [
                "a.sinkgroups = g", "a.sinkgroups.g.sinks = k", "a.sinkgroups.g.processor.type = default",
                "a.sinkgroups.g.procesor.x = 1", "a.sinkgroups.g.processor.y = 1",
            ],
            expected: [
                "f:12:1: note: unknown key `a.sinkgroups.g.procesor.x` of sink group `g`",
                "f:13:1: note: unknown key `a.sinkgroups.g.processor.y` of default sink processor `g`",
            ]
        ),
    ]

    static let partRows = [
        Row(
            title: "unknown interceptor",
            added: ["a.sources.r.interceptors = i1", "a.sources.r.interceptors.i1.type = timestmp"],
            expected: ["f:10:36: fault: unknown interceptor type `timestmp`; did you mean `timestamp`?"]
        ),
        Row(
            title: "comma in interceptors",
            added: [
                "a.sources.r.interceptors = i1,i2", "a.sources.r.interceptors.i1.type = host",
                "a.sources.r.interceptors.i2.type = host",
            ],
            expected: [
                "f:9:28: fault: `i1,i2` is taken as one interceptor name: a comma separates nothing; write `i1 i2`"
            ]
        ),
        Row(
            title: "interceptor without type",
            added: ["a.sources.r.interceptors = i1", "a.sources.r.interceptors.i1.key = x"],
            expected: ["f:9:28: fault: `a.sources.r.interceptors.i1.type` is missing; interceptor `i1` needs it"]
        ),
        Row(
            title: "interceptor not listed",
            added: ["a.sources.r.interceptors.i1.type = host"],
            expected: ["f:9:1: note: interceptor `i1` is not in `a.sources.r.interceptors` and does not run"]
        ),
        Row(
            title: "interceptor not configured",
            added: ["a.sources.r.interceptors = in1", "a.sources.r.interceptors.in2.type = host"],
            expected: [
                "f:9:28: fault: interceptor `in1` is listed but has no settings; did you mean `in2`?",
                "f:10:1: note: interceptor `in2` is not in `a.sources.r.interceptors` and does not run",
            ]
        ),
        Row(
            title: "unknown key of an interceptor",
            added: [
                "a.sources.r.interceptors = i1", "a.sources.r.interceptors.i1.type = host",
                "a.sources.r.interceptors.i1.useIp = false",
            ],
            expected: [
                "f:11:1: note: unknown key `a.sources.r.interceptors.i1.useIp` of host interceptor `i1`; did you mean "
                    + "`useIP`?"
            ]
        ),
        Row(
            title: "mapping to a channel the source does not have",
            added: ["a.sources.r.selector.type = multiplexing", "a.sources.r.selector.mapping.X = c mem"],
            expected: [
                "f:10:36: fault: `a.sources.r.selector.mapping.X` names channel `mem`, which is not one of source `r`; "
                    + "its channels are `c`"
            ]
        ),
        Row(
            title: "two blanks in a mapping",
            added: ["a.sources.r.selector.type = multiplexing", "a.sources.r.selector.default = c  c"],
            expected: [
                "f:10:32: fault: `a.sources.r.selector.default` holds two blanks in a row, which Flume reads as a channel "
                    + "without a name; separate names with one blank"
            ]
        ),
        Row(
            title: "unknown selector",
            added: ["a.sources.r.selector.type = multiplex"],
            expected: [
                "f:9:29: fault: unknown channel selector type `multiplex`; known are `multiplexing`, `replicating`"
            ]
        ),
        Row(
            title: "unknown key of a selector",
            added: ["a.sources.r.selector.type = multiplexing", "a.sources.r.selector.heder = x"],
            expected: [
                "f:10:1: note: unknown key `a.sources.r.selector.heder` of multiplexing channel selector `r`; did you "
                    + "mean `header`?"
            ]
        ),
        Row(
            title: "unknown serializer",
            replaced: [7: "a.sinks.k.type = file_roll"],
            added: ["a.sinks.k.sink.directory = /x", "a.sinks.k.sink.serializer = txt"],
            expected: ["f:10:29: fault: unknown event serializer type `txt`; did you mean `text`?"]
        ),
        Row(
            title: "unknown key of a serializer that is not named",
            replaced: [7: "a.sinks.k.type = file_roll"],
            added: ["a.sinks.k.sink.directory = /x", "a.sinks.k.sink.serializer.apendNewline = false"],
            expected: [
                "f:10:1: note: unknown key `a.sinks.k.sink.serializer.apendNewline` of text event serializer `k`; did you "
                    + "mean `appendNewline`?"
            ]
        ),
        Row(
            title: "hadoop filter",
            added: ["a.configfilters = f1", "a.configfilters.f1.type = hadoop"],
            expected: [
                "f:10:27: fault: the config filter `hadoop` is not supported; use `external` with a program that prints "
                    + "the secret, or `env`"
            ]
        ),
        Row(
            title: "filter that is not there",
            added: ["a.sources.r.batchSize = ${f9['k']}"],
            expected: ["f:9:25: note: `${f9['k']}` stays as it is: no config filter is named `f9`"]
        ),
    ]

    static let fileRows = [
        Row(
            title: "bad escape",
            added: ["a.sources.r.batchSize = \\u12"],
            expected: [
                "f:9:25: fault: bad escape: `\\u` needs four hexadecimal digits; for a backslash write `\\\\`"
            ]
        ),
        Row(
            title: "another agent's faults are notes",
            added: ["b.channels = x"],
            expected: [
                "f:9:1: note: agent `b` has neither sources nor sinks (agent `b` is not started)",
                "f:9:14: note: channel `x` is listed but has no settings (agent `b` is not started); no key begins with "
                    + "`b.channels.x.`",
            ]
        ),
        Row(
            title: "no such agent",
            agent: "other",
            expected: ["f:1:1: fault: no agent is named `other`; the agents are `a`"]
        ),
        Row(
            title: "a mistyped agent",
            added: [
                "tier1.channels = c", "tier1.channels.c.type = memory", "tier1.sinks = k", "tier1.sinks.k.type = null",
                "tier1.sinks.k.channel = c",
            ],
            agent: "teir1",
            expected: ["f:1:1: fault: no agent is named `teir1`; did you mean `tier1`?"]
        ),
        Row(
            title: "settings without an agent",
            added: ["ab.sinks.k.batchSize = 5", "foo = 1", "base.dir = /x"],
            expected: [
                "f:9:1: note: `ab` lists no sources, channels or sinks: it is no agent",
                "f:10:1: note: `foo` names no agent and is ignored",
                "f:11:1: note: `base` lists no sources, channels or sinks: it is no agent",
            ]
        ),
        Row(
            title: "variables have a use",
            added: ["base.size = 7", "size = ${base.size}", "a.sources.r.batchSize = ${size}"],
            expected: []
        ),
    ]
}
