import Foundation
import TestSupport
import Testing

extension AllTiers.Traffic {
    /// A collector that is stopped and started again and again under an edge of ours: nothing is lost, nothing comes twice.
    @Suite struct GracefulRestartTests {
        enum Destination: String, CaseIterable, Sendable {
            /// `acknowledge = stored`, on to a counting Avro receiver.
            case receiver
            /// `acknowledge = delivered`, into Kafka.
            case kafka
        }

        @Test(arguments: Destination.allCases)
        func threeRestarts(_ destination: Destination) async throws {
            try await run(3, destination)
        }

        @Test(.enabled(if: Tools.runsLong, "\(Tools.whyNotLong)"), arguments: Destination.allCases)
        func twentyRestarts(_ destination: Destination) async throws {
            try await run(20, destination)
        }

        private func run(_ restarts: Int, _ destination: Destination) async throws {
            if destination == .kafka, !Broker.canStartOwn || KcatReader.program == nil {
                print("skipped: restarts with Kafka: \(Broker.whyNone ?? "kcat is not installed")")
                return
            }
            let broker = destination == .kafka ? try await offload { try Broker.startOwn() } : nil
            defer { broker?.end() }
            try await Workspace.use { space in
                let port = try FreePort.any()
                let receiverPort = try FreePort.any()
                let bootstrap = broker?.bootstrap ?? ""
                let topic = broker == nil ? "" : try await Topic.make("restarts", bootstrap, space)
                let receiver = try space.start(
                    "receive",
                    try Tools.load("avro-receive"),
                    ["--port", "\(receiverPort)", "--ledger", space.path("ledger"), "--delay-ms", "20"]
                )
                try await receiver.line("\"port\"")
                func startCollector() throws -> AgentProcess {
                    let (acknowledge, sink) =
                        destination == .kafka
                        ? ("delivered", TierFile.kafka(bootstrap, topic)) : ("stored", TierFile.avro(receiverPort))
                    return try space.agent(
                        "c1",
                        TierFile.collector("c1", port: port, acknowledge: acknowledge, sink: sink)
                    )
                }
                var collector = try startCollector()
                try await collector.ready()
                try space.write("e1.log", "")
                let edge = try space.agent("e1", TierFile.edge("e1", file: "e1.log", ports: [port]))
                try await edge.ready()
                let ids = LineWriter.ids("e1", restarts * 3_000)
                async let load: Void = LineWriter.write(ids, to: "e1.log", perSecond: 2_000, space)
                var longest = Duration.zero
                for round in 0..<restarts {
                    try await Waiting.until("collector \(round) has work", within: 30, details: edge.program.story) {
                        try await collector.number("SOURCE.in", "EventAcceptedCount") > 1_000
                    }
                    // Kafka falls silent for a moment, so that the stop finds calls unanswered; the receiver is slow by itself.
                    if let broker {
                        broker.pause()
                        try await Waiting.until("collector \(round) holds calls", within: 10) {
                            try await collector.number("CHANNEL.mem", "ChannelSize") >= 300
                        }
                        collector.program.signal(SIGTERM)
                        try await Task.sleep(for: .milliseconds(300))
                        broker.resume()
                    }
                    let start = ContinuousClock.now
                    #expect(try await collector.program.terminate() == .exited(0), "\(collector.program.story)")
                    longest = max(longest, start.duration(to: .now))
                    collector = try startCollector()
                    try await collector.ready()
                }
                try await load
                try await Waiting.until("the edge has sent all", within: 40, details: edge.program.story) {
                    try await edge.number("SINK.c0", "EventDrainSuccessCount") >= ids.count
                }
                #expect(try await edge.program.terminate() == .exited(0), "\(edge.program.story)")
                #expect(try await collector.program.terminate() == .exited(0), "\(collector.program.story)")
                #expect(try await receiver.terminate() == .exited(0))
                let delivered =
                    destination == .kafka
                    ? try await Topic.bodies(topic, bootstrap, space)
                    : space.text("ledger").split(separator: "\n").map(String.init)
                let tally = Tally(issued: ids, delivered: delivered)
                print("measured: \(restarts) graceful restarts, \(destination): \(tally); longest stop \(longest)")
                #expect(tally.lost == 0, "\(tally)")
                #expect(tally.duplicates == 0, "\(tally)")
                #expect(tally.unknown == 0, "\(tally)")
            }
        }
    }
}
