import TestSupport
import Testing

@testable import Agent

@Suite("Damaged files give a model or remarks, never a crash", .ownThread)
struct RobustnessTests {
    private static func check(_ bytes: [UInt8], agent: String) -> Bool {
        for lenient in [false, true] {
            let outcome = ConfigurationLoader.load(
                files: [("f", bytes)],
                agent: agent,
                catalog: TestCatalog.complete,
                environment: ["A": "1"],
                lenient: lenient
            )
            let hasFault = outcome.diagnostics.hasFault
            if outcome.configuration == nil, !hasFault { return false }
            if !lenient, outcome.configuration != nil, hasFault { return false }
            if let model = outcome.configuration, !isWhole(model) { return false }
            if outcome.diagnostics.all.contains(where: { $0.description.contains("\n") }) { return false }
        }
        return true
    }

    /// Whether every name of the model leads somewhere.
    private static func isWhole(_ model: AgentConfiguration) -> Bool {
        let channels = Set(model.channels.map(\.name))
        let sinks = Set(model.sinks.map(\.name))
        let members = model.groups.flatMap(\.sinks)
        return !channels.isEmpty && !(model.sources.isEmpty && model.sinks.isEmpty)
            && model.sources.allSatisfy { !$0.channels.isEmpty && channels.isSuperset(of: $0.channels) }
            && model.sinks.allSatisfy { channels.contains($0.channel) }
            && sinks.isSuperset(of: members) && Set(members).count == members.count
            && model.groups.allSatisfy { !$0.sinks.isEmpty }
    }

    @Test(arguments: SampleTests.samples)
    func everyPrefix(name: String, agent: String) throws {
        let bytes = try SampleTests.bytes(name)
        for count in 0...bytes.count {
            #expect(Self.check(Array(bytes[..<count]), agent: agent), "cut at \(count)")
        }
    }

    @Test func randomDamage() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("measured: configuration damage, seed \(seed)")
        var random = SplitMix(state: seed)
        let files = try SampleTests.samples.map { (try SampleTests.bytes($0.0), $0.1) }
        let telling = Array("=:\\#! \n\r\t.,${}u-'[]".utf8)
        for round in 0..<10_000 {
            var (bytes, agent) = files[round % files.count]
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                let byte =
                    Bool.random(using: &random)
                    ? UInt8.random(in: 0...255, using: &random)
                    : telling[Int.random(in: 0..<telling.count, using: &random)]
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes.insert(byte, at: place)
                case 1 where bytes.count > 1: bytes.remove(at: place)
                case 2: bytes.insert(contentsOf: bytes[place..<min(place + 40, bytes.count)], at: 0)
                default: bytes[place] = byte
                }
            }
            #expect(
                Self.check(bytes, agent: agent),
                "seed \(seed), round \(round): \(String(decoding: bytes, as: UTF8.self))"
            )
        }
    }

    private struct SplitMix: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }

    /// Large files that would show a look-up in a loop: each must take about ten times as long when ten times longer.
    @Test(
        "Time grows with the file, not with its square",
        arguments: ["good", "unknown keys", "unlisted", "unconfigured", "commas", "dangling", "groups", "interceptors"]
    )
    func growth(shape: String) {
        let clock = ContinuousClock()
        func time(_ count: Int) -> Duration {
            let bytes = Array(Self.large(shape, count).utf8)
            return clock.measure {
                let outcome = ConfigurationLoader.load(
                    files: [("f", bytes)],
                    agent: "a",
                    catalog: TestCatalog.complete,
                    lenient: true
                )
                #expect(outcome.configuration != nil || outcome.diagnostics.hasFault)
            }
        }
        _ = time(10)
        let small = time(400)
        let large = time(4000)
        print("measured: \(shape): 400 in \(small), 4000 in \(large)")
        #expect(large < small * 40 + .milliseconds(500))
    }

    private static func large(_ shape: String, _ count: Int) -> String {
        var text = ""
        let numbers = 0..<count
        func list(_ letter: String) -> String { numbers.map { "\(letter)\($0)" }.joined(separator: " ") }
        text += "a.channels = \(shape == "commas" ? numbers.map { "c\($0)," }.joined(separator: " ") : list("c"))\n"
        text += "a.sinks = \(list("k"))\n"
        if shape == "groups" { text += "a.sinkgroups = \(list("g"))\n" }
        if shape == "unlisted" { text = "a.channels = c0\na.sinks = k0\n" }
        for number in numbers {
            if shape != "unconfigured" {
                text += "a.channels.c\(number).type = memory\na.channels.c\(number).capacity = 1000\n"
            }
            text += "a.sinks.k\(number).type = avro\na.sinks.k\(number).hostname = h\na.sinks.k\(number).port = 1\n"
            text += "a.sinks.k\(number).channel = c\(shape == "dangling" ? "x" : "")\(number)\n"
            if shape == "unknown keys" { text += "a.sinks.k\(number).hostnmae = x\na.snks.k\(number).b = x\n" }
            if shape == "groups" {
                text += "a.sinkgroups.g\(number).sinks = k\(number) k\((number + 1) % count)\n"
                text += "a.sinkgroups.g\(number).processor.type = failover\n"
            }
            if shape == "interceptors" { text += "a.sources.r.interceptors.i\(number).type = host\n" }
        }
        if shape == "interceptors" {
            text += "a.sources = r\na.sources.r.type = seq\na.sources.r.channels = \(list("c"))\n"
            text += "a.sources.r.interceptors = \(list("i"))\n"
        }
        return text
    }
}
