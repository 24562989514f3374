import Foundation
import TestSupport
import Testing

extension AllTiers.Traffic {
    /// The broker goes under load and comes back with its records; the collector acknowledges what Kafka has.
    ///
    /// Ended by SIGTERM alone the test broker loses what it acknowledges while it ends (`Broker.stop`, `BrokerEndTests`): one
    /// batch of 100 in one of nine runs here, which no assertion below can tell from a loss of ours.
    @Suite(
        .disabled(if: !Broker.canStart, "\(Broker.whyNone ?? "")"),
        .disabled(if: KcatReader.program == nil, "kcat is not installed")
    )
    struct BrokerAwayTests {
        private struct Scene {
            let space: Workspace
            let broker: Broker
            let collector: AgentProcess
            let port: Int
            let topic: String

            func takeBrokerAway() async throws { try await offload { [broker] in try broker.stop() } }
            func bringBrokerBack() async throws { try await offload { [broker] in try broker.restart() } }

            func delivered() async throws -> [String] {
                try await Topic.bodies(topic, broker.bootstrap, space)
            }
        }

        private func withScene(_ body: (Scene) async throws -> Void) async throws {
            let broker = try await offload { try Broker.start() }
            defer { broker.end() }
            try await Workspace.use { space in
                let port = try FreePort.any()
                let topic = try await Topic.make("away", broker.bootstrap, space)
                let file = TierFile.collector(
                    "c1",
                    port: port,
                    acknowledge: "delivered",
                    sink: TierFile.kafka(broker.bootstrap, topic)
                )
                let collector = try space.agent("c1", file)
                try await collector.ready()
                try await body(
                    Scene(space: space, broker: broker, collector: collector, port: port, topic: topic)
                )
                #expect(try await collector.program.terminate() == .exited(0), "\(collector.program.story)")
            }
        }

        /// A client like Flume's own: one call at a time, gives up after 20 s, closes on anything but OK and sends again.
        private func startJavaLikeLoad(_ scene: Scene, events: Int, pauseMilliseconds: Int) throws -> Program {
            try scene.space.start(
                "load",
                try Tools.load("avro-load"),
                [
                    "--port", "\(scene.port)", "--events", "\(events)", "--batch", "100", "--rate", "1000",
                    "--java-timeout", "20000", "--retry", "--retry-pause", "\(pauseMilliseconds)", "--ids", "j",
                    "--ledger", scene.space.path("acked"), "--sent", scene.space.path("sent"),
                ]
            )
        }

        /// Waiting is not failing: a broker that is away for less than the acknowledge-timeout fails no call.
        @Test func javaClientWaitsNineSeconds() async throws {
            try await withScene { scene in
                let load = try startJavaLikeLoad(scene, events: 12_000, pauseMilliseconds: 100)
                try await Waiting.until("the load runs", within: 20) {
                    try await scene.collector.number("SOURCE.in", "EventAcceptedCount") > 2_000
                }
                try await scene.takeBrokerAway()
                try await Task.sleep(for: .seconds(9))
                try await scene.bringBrokerBack()
                #expect(try await load.end(within: 60) == .exited(0), "\(load.story)")
                let report = try LoadReport(load)
                let tally = Tally(
                    issued: scene.space.text("acked").split(separator: "\n").map(String.init),
                    delivered: try await scene.delivered()
                )
                print("measured: broker away 9 s, Java-like client: \(tally); \(report)")
                #expect(report["acked"] == 12_000)
                #expect(report["failed_calls"] == 0)
                #expect(report["timeouts"] == 0)
                #expect(tally.lost == 0)
                // One call was in flight when the broker went.
                #expect(tally.duplicates <= 100)
                #expect(tally.unknown == 0)
            }
        }

        @Test(.enabled(if: Tools.runsLong, "\(Tools.whyNotLong)"))
        func javaClientReadsFailedAfterFifteenSeconds() async throws {
            try await withScene { scene in
                let load = try startJavaLikeLoad(scene, events: 20_000, pauseMilliseconds: 2_000)
                try await Waiting.until("the load runs", within: 20) {
                    try await scene.collector.number("SOURCE.in", "EventAcceptedCount") > 3_000
                }
                try await scene.takeBrokerAway()
                let away = ContinuousClock.now
                // Between FAILED and the next attempt nothing of the batch is left.
                var sizes: [Int] = []
                while away.duration(to: .now) < .seconds(60) {
                    let metrics = try await scene.collector.metrics()
                    let answered = ["AppendBatchAcceptedCount", "RefusedBatchCount"]
                        .reduce(0) { $0 + metrics.number("SOURCE.in", $1) }
                    if metrics.number("SOURCE.in", "RefusedBatchCount") > 0,
                        metrics.number("SOURCE.in", "AppendBatchReceivedCount") == answered
                    {
                        sizes.append(metrics.number("CHANNEL.mem", "ChannelSize"))
                    }
                    try await Task.sleep(for: .milliseconds(100))
                }
                try await scene.bringBrokerBack()
                #expect(try await load.end(within: 90) == .exited(0), "\(load.story)")
                let report = try LoadReport(load)
                let tally = Tally(
                    issued: scene.space.text("acked").split(separator: "\n").map(String.init),
                    delivered: try await scene.delivered()
                )
                print("measured: broker away 60 s, Java-like client: \(tally); \(sizes.count) sizes; \(report)")
                #expect(report["acked"] == 20_000)
                let failedAfter = try #require(report["first_failed_after_ms"], "no call read FAILED: \(report)")
                #expect((13_500...16_500).contains(failedAfter))
                #expect(report["timeouts"] == 0)
                #expect(!sizes.isEmpty)
                #expect(sizes.allSatisfy { $0 == 0 }, "\(sizes)")
                #expect(tally.lost == 0)
                #expect(tally.unknown == 0)
                // Copies: only of what the sink held when the connection to the broker broke, one call.
                #expect(tally.duplicates <= 100)
            }
        }

        @Test func ourEdgeWaitsTwelveSeconds() async throws {
            try await edgeOutlasts(seconds: 12, lines: 20_000)
        }

        @Test(.enabled(if: Tools.runsLong, "\(Tools.whyNotLong)"))
        func ourEdgeOutlastsAMinute() async throws {
            try await edgeOutlasts(seconds: 60, lines: 60_000)
        }

        private func edgeOutlasts(seconds: Int, lines: Int) async throws {
            try await withScene { scene in
                try scene.space.write("e1.log", "")
                let edge = try scene.space.agent(
                    "e1",
                    TierFile.edge("e1", file: "e1.log", ports: [scene.port])
                )
                try await edge.ready()
                let ids = LineWriter.ids("e1", lines)
                async let writing: Void = LineWriter.write(ids, to: "e1.log", perSecond: 1_000, scene.space)
                try await Waiting.until("the load runs", within: 20) {
                    try await scene.collector.number("SOURCE.in", "EventAcceptedCount") > 2_000
                }
                try await scene.takeBrokerAway()
                let away = ContinuousClock.now
                var largest = 0
                while away.duration(to: .now) < .seconds(seconds) {
                    largest = max(largest, try await scene.collector.number("CHANNEL.mem", "ChannelSize"))
                    try await Task.sleep(for: .milliseconds(200))
                }
                // The load of the outage waits at the edge, whose channel has room for it.
                let waiting = try await edge.number("CHANNEL.mem", "ChannelSize")
                #expect(waiting > min(lines - 4_000, seconds * 900) * 8 / 10)
                // A window of the edge: it keeps to its eight calls.
                #expect(largest <= 8 * 100)
                try await scene.bringBrokerBack()
                try await writing
                try await Waiting.until("all is delivered", within: 90, details: edge.program.story) {
                    try await edge.number("SINK.c0", "EventDrainSuccessCount") >= ids.count
                }
                let tally = Tally(issued: ids, delivered: try await scene.delivered())
                print(
                    "measured: broker away \(seconds) s, our edge: \(tally); \(waiting) waited at the edge,",
                    "\(largest) at the collector"
                )
                #expect(tally.lost == 0)
                #expect(tally.unknown == 0)
                #expect(tally.duplicates <= 8 * 100)
                #expect(try await edge.number("CHANNEL.mem", "ChannelSize") == 0)
                #expect(try await scene.collector.number("CHANNEL.mem", "ChannelSize") == 0)
                #expect(try await edge.program.terminate() == .exited(0), "\(edge.program.story)")
            }
        }
    }
}
