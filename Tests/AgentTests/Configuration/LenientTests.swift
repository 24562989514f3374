import Synchronization
import Testing

@testable import Agent

@Suite("Lenient: a part with a fault is dropped, with what hangs on it")
struct LenientTests {
    /// `channels | source>channels… | sink<channel… | group[sinks]…`
    private static func summary(_ model: AgentConfiguration?) -> String {
        guard let model else { return "nothing" }
        return [
            model.channels.map(\.name).joined(separator: " "),
            model.sources.map { "\($0.name)>\($0.channels.joined(separator: ","))" }.joined(separator: " "),
            model.sinks.map { "\($0.name)<\($0.channel)" }.joined(separator: " "),
            model.groups.map { "\($0.name)[\($0.sinks.joined(separator: " "))]" }.joined(separator: " "),
        ].joined(separator: " | ")
    }

    private static let two = [
        "a.channels = c d", "a.sources = r s", "a.sinks = k l m", "a.sinkgroups = g", "a.channels.c.type = memory",
        "a.channels.d.type = memory", "a.sources.r.type = seq", "a.sources.r.channels = c", "a.sources.s.type = seq",
        "a.sources.s.channels = c d", "a.sinks.k.type = null", "a.sinks.k.channel = c", "a.sinks.l.type = null",
        "a.sinks.l.channel = c", "a.sinks.m.type = null", "a.sinks.m.channel = d", "a.sinkgroups.g.sinks = k l",
        "a.sinkgroups.g.processor.type = failover", "a.sinkgroups.g.processor.priority.k = 2",
        "a.sinkgroups.g.processor.priority.l = 1",
    ]

    @Test(
        arguments: [
            (["# as it is"], "c d | r>c s>c,d | k<c l<c m<d | g[k l]"),
            (["a.channels.c.type = hmm"], "d | s>d | m<d | "),
            (["a.channels.d.transactionCapacity = 1000"], "c | r>c s>c | k<c l<c | g[k l]"),
            (["a.channels.c.type = jdbc", "a.channels.d.type = jdbc"], "nothing"),
            (["a.sources.s.channels = c e"], "c d | r>c s>c | k<c l<c m<d | g[k l]"),
            (["a.sources.r.channels = e"], "c d | s>c,d | k<c l<c m<d | g[k l]"),
            (["a.sources.r.type = com.acme.X"], "c d | s>c,d | k<c l<c m<d | g[k l]"),
            (
                ["a.sources.r.interceptors = i", "a.sources.r.interceptors.i.type = x"],
                "c d | s>c,d | k<c l<c m<d | g[k l]"
            ),
            (
                ["a.sources.s.selector.type = multiplexing", "a.sources.s.selector.default = x"],
                "c d | r>c | k<c l<c m<d | g[k l]"
            ),
            (["a.sinks.k.type = hive"], "c d | r>c s>c,d | l<c m<d | g[l]"),
            (["a.sinks.k.channel = x", "a.sinks.l.channel = x"], "c d | r>c s>c,d | m<d | "),
            (["a.sinks.m.type = avro"], "c d | r>c s>c,d | k<c l<c | g[k l]"),
            (["a.sinkgroups.g.processor.type ="], "c d | r>c s>c,d | m<d | "),
            (["a.sinkgroups.g.processor.type = roulette"], "c d | r>c s>c,d | m<d | "),
            (["a.sinkgroups.g.processor.priority.l = 2"], "c d | r>c s>c,d | k<c m<d | g[k]"),
            (["a.sinkgroups.g.sinks = k nobody"], "c d | r>c s>c,d | k<c l<c m<d | g[k]"),
            (["a.sinkgroups.g.sinks = nobody"], "c d | r>c s>c,d | k<c l<c m<d | "),
            (["a.sinkgroups.g.sinks ="], "c d | r>c s>c,d | k<c l<c m<d | "),
            (
                [
                    "a.sinkgroups = g h", "a.sinkgroups.h.sinks = m l", "a.sinkgroups.h.processor.type = load_balance",
                ], "c d | r>c s>c,d | k<c l<c m<d | g[k l] h[m]"
            ),
            (["a.channels = c,d"], "nothing"),
            (["a.sinks = k,l,m"], "c d | r>c s>c,d |  | "),
            (["a.sources = r x"], "c d | r>c | k<c l<c m<d | g[k l]"),
            (["a.sources.r.type = \\u1"], "nothing"),
            (["a.sources = x", "a.sinks = x"], "nothing"),
        ]
    )
    func dropped(changes: [String], expected: String) {
        var lines = Self.two
        for change in changes {
            let key = change.split(separator: "=")[0]
            if let index = lines.firstIndex(where: { $0.split(separator: "=")[0] == key }) {
                if change.hasSuffix("=") { lines.remove(at: index) } else { lines[index] = change }
            } else {
                lines.append(change)
            }
        }
        let text = lines.joined(separator: "\n")
        let lenient = BadFileTests.load(text, lenient: true)
        #expect(Self.summary(lenient.configuration) == expected)
        let isGood = changes == ["# as it is"]
        #expect(lenient.diagnostics.hasFault == !isGood)
        #expect((BadFileTests.load(text).configuration == nil) == !isGood)
    }

    @Test("Each dropped part is named, in strict mode only the cause")
    func lines() {
        let text = Self.two.joined(separator: "\n").replacing("c.type = memory", with: "c.type = jdbc")
        let cause =
            "f:5:21: fault: `jdbc` is a Flume channel that Tributary does not have; use a `file` channel"
        #expect(BadFileTests.load(text).diagnostics.all.map(\.description) == [cause])
        #expect(
            BadFileTests.load(text, lenient: true).diagnostics.all.map(\.description) == [
                cause,
                "f:8:24: fault: source `r` does not run: none of its channels can be made",
                "f:12:21: fault: sink `k` does not run: its channel cannot be made",
                "f:14:21: fault: sink `l` does not run: its channel cannot be made",
                "f:17:24: fault: sink group `g` does not run: none of its sinks can be made",
            ]
        )
    }

    @Test("A failover group's processor finds a number for every member")
    func priorities() throws {
        let text = Self.two.joined(separator: "\n").replacing("priority.l = 1", with: "maxpenalty = 1000")
        let model = try #require(BadFileTests.load(text).configuration)
        let processor = try #require(model.groups.first?.processor)
        #expect(processor.string("priority.k") == "2")
        #expect(processor.string("priority.l") == "-1")
        #expect(model.notes.count == 1)
        #expect(model.ungroupedSinks.map(\.name) == ["m"])
    }

    @Test func configFilters() throws {
        let text = """
            \(BadFileTests.good.joined(separator: "\n"))
            a.configfilters = e x bad
            a.configfilters.e.type = env
            a.configfilters.x.type = external
            a.configfilters.x.command = /bin/secret -v
            a.configfilters.bad.type = hadoop
            a.sources.r.batchSize = ${e['SIZE']}
            a.sources.r.totalEvents = <${x["one"]}${e[SIZE]}${x[two]}>
            a.sinks.k.batchSize = ${bad['k']}
            """
        let calls = Mutex<[[String]]>([])
        let outcome = ConfigurationLoader.load(
            files: [("f", Array(text.utf8))],
            agent: "a",
            catalog: TestCatalog.complete,
            environment: ["SIZE": "7"],
            lenient: true,
            runProgram: { arguments in
                calls.withLock { $0.append(arguments) }
                return arguments.last == "one" ? (0, Array("first\nsecond\n".utf8)) : (1, [])
            }
        )
        let model = try #require(outcome.configuration)
        #expect(model.sources[0].settings.string("batchSize") == "7")
        #expect(model.sources[0].settings.string("totalEvents") == "<first7${x[two]}>")
        #expect(model.sinks[0].settings.string("batchSize") == "${bad['k']}")
        #expect(calls.withLock { $0 } == [["/bin/secret", "-v", "one"], ["/bin/secret", "-v", "two"]])
        #expect(
            outcome.diagnostics.all.map(\.description) == [
                "f:13:28: fault: the config filter `hadoop` is not supported; use `external` with a program that prints "
                    + "the secret, or `env`",
                "f:15:27: note: `${x[two]}` stays as it is: the filter's command ended with status 1",
            ]
        )
    }

    @Test func wholeFiles() {
        let good = Array(BadFileTests.good.joined(separator: "\n").utf8)
        let other: [UInt8] = Array("a.sources.r.batchSize = 9".utf8)
        let outcome = ConfigurationLoader.load(
            files: [("one.properties", good), ("two.json", other), ("three.properties", other)],
            agent: "a",
            catalog: TestCatalog.complete,
            lenient: true
        )
        #expect(outcome.configuration?.sources[0].settings.string("batchSize") == "9")
        #expect(
            outcome.diagnostics.all.map(\.description) == [
                "two.json:1:1: fault: json files are not read, as in Flume; write properties: `agent.sources.NAME.KEY = VALUE`"
            ]
        )
        let charset = ConfigurationLoader.load(
            files: [("f", good)],
            agent: "a",
            catalog: TestCatalog.complete,
            systemProperties: ["tributary.config.charset": "koi8"]
        )
        #expect(charset.configuration == nil)
        #expect(charset.diagnostics.exitCode == 2)
    }
}
