import Agent
import AvroRPC
import NIOCore
import Testing

@testable import Collector

@Suite struct ProcessorKeysTests {
    private static func context(_ values: [String: String], sinks: [String] = ["k1", "k2"]) -> SinkProcessorContext {
        SinkProcessorContext(
            settings: ComponentSettings(
                kind: .sinkProcessor,
                name: "g1",
                prefix: "a1.sinkgroups.g1.processor.",
                values
            ),
            sinks: sinks
        )
    }

    private static func order(_ processor: SinkProcessor, _ count: Int) -> [Int] {
        var choice = processor.choice
        var down: [Int] = []
        for _ in 0..<count {
            guard let index = choice.choose(count: count, availability: { down.contains($0) ? .down : .free }) else {
                break
            }
            down.append(index)
        }
        return down
    }

    struct Penalty: Sendable {
        var text: String?
        /// Milliseconds after the first failures in a row.
        var pauses: [Int64]
    }

    @Test(arguments: [
        Penalty(text: nil, pauses: [2000, 4000, 8000, 16000, 30000, 30000]),
        Penalty(text: "30000", pauses: [2000, 4000, 8000, 16000, 30000]),
        Penalty(text: "3000", pauses: [2000, 3000, 3000]),
        Penalty(text: "ten", pauses: [2000, 4000, 8000, 16000, 30000]),
        Penalty(text: "-1", pauses: [2000, 4000, 8000, 16000, 30000]),
        Penalty(text: "99999999999", pauses: [2000, 4000, 8000, 16000, 30000]),
        Penalty(text: "2147483647", pauses: [2000, 4000, 8000, 16000, 32000, 64000]),
        // Without any pause the runner would spin; Flume's has one of its own.
        Penalty(text: "0", pauses: [250, 250]),
    ])
    func maxpenalty(_ penalty: Penalty) throws {
        let values = penalty.text.map { ["maxpenalty": $0] } ?? [:]
        let processor = try FailoverProcessor.make(Self.context(values))
        let pauses = penalty.pauses.indices.map { processor.backoff.delay(failures: $0 + 1) }
        #expect(pauses == penalty.pauses.map { .milliseconds($0) })
        // Flume's penalty wraps round at the 22nd failure.
        for failures in 22..<200 {
            #expect(processor.backoff.delay(failures: failures) == processor.backoff.maximum)
        }
    }

    @Test(arguments: [
        (["priority.k1": "5", "priority.k2": "10", "priority.k3": "7"], [1, 2, 0]),
        (["priority.k1": "-5", "priority.k3": "0"], [2, 1, 0]),
        ([:], [0, 1, 2]),
    ])
    func priorities(_ values: [String: String], order: [Int]) throws {
        let processor = try FailoverProcessor.make(Self.context(values, sinks: ["k1", "k2", "k3"]))
        #expect(Self.order(processor, 3) == order)
    }

    @Test func aPriorityThatIsNoNumber() {
        #expect(throws: ConfigurationFault.self) {
            try FailoverProcessor.make(Self.context(["priority.k1": "high"]))
        }
    }

    @Test(arguments: ["round_robin", "ROUND_ROBIN", "random", "Random"])
    func selectors(_ name: String) throws {
        let processor = try LoadBalancingProcessor.make(Self.context(["selector": name]))
        #expect(processor.choice is RoundRobinChoice == (name.lowercased() == "round_robin"))
    }

    @Test(arguments: [
        (
            ["selector": "round_robbin"], "`round_robbin` is not `round_robin` or `random`",
            "did you mean `round_robin`?"
        ),
        (["selector": "zzzzzzzz"], "`zzzzzzzz` is not `round_robin` or `random`", nil),
        (["selector": "com.example.Mine"], "`com.example.Mine` is a Java class; Tributary cannot load it", nil),
    ])
    func selectorsThatAreNone(_ values: [String: String], message: String, advice: String?) {
        let fault = #expect(throws: ConfigurationFault.self) { try LoadBalancingProcessor.make(Self.context(values)) }
        #expect(fault?.message == "`a1.sinkgroups.g1.processor.selector`: \(message)")
        #expect(fault?.advice == advice)
    }

    @Test func oneSinkIsNoBalance() {
        let fault = #expect(throws: ConfigurationFault.self) {
            try LoadBalancingProcessor.make(Self.context([:], sinks: ["k1"]))
        }
        #expect(fault?.message.contains("needs more than one sink") == true)
    }

    @Test(
        arguments: [
            ([:], [1000, 1000, 1000]),
            (["backoff": "false", "selector.maxTimeOut": "9000"], [1000, 1000, 1000]),
            (["backoff": "true"], [2000, 4000, 8000, 16000, 30000, 30000]),
            (["backoff": "TRUE", "selector.maxTimeOut": "9000"], [2000, 4000, 8000, 9000]),
        ] as [([String: String], [Int64])]
    )
    func backoff(_ values: [String: String], pauses: [Int64]) throws {
        let processor = try LoadBalancingProcessor.make(Self.context(values))
        #expect(pauses.indices.map { processor.backoff.delay(failures: $0 + 1) } == pauses.map { .milliseconds($0) })
    }

    @Test func theRegistryKnowsBoth() {
        var registry = ComponentRegistry.core
        registry.registerCollector()
        #expect(registry.catalog.entry(of: .sinkProcessor, named: "Failover") != nil)
        #expect(
            registry.catalog.entry(of: .sinkProcessor, named: "org.apache.flume.sink.LoadBalancingSinkProcessor") != nil
        )
    }
}
