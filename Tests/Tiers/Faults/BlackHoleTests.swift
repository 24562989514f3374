import Foundation
import TestSupport
import Testing

extension AllTiers.Traffic {
    @Suite(.disabled(if: Topic.whyNot != nil, "\(Topic.whyNot ?? "")")) struct BlackHoleTests {
        /// A collector that answers pings but whose Kafka never says a word stands first in the group. It holds an edge for
        /// the 60 s of the acknowledge-timeout and the 12 s of its Kafka sink at most, and nothing is lost.
        @Test(.enabled(if: Tools.runsLong, "\(Tools.whyNotLong)"))
        func collectorWithoutKafkaDoesNotHoldItsEdges() async throws {
            let bootstrap = try Broker.shared.get()
            let hole = try await SilentListener.start()
            try await Workspace.use { space in
                let topic = try await Topic.make("hole", bootstrap, space)
                let ports = try [FreePort.any(), FreePort.any()]
                let brokers = ["127.0.0.1:\(hole.port)", bootstrap]
                var collectors: [AgentProcess] = []
                for index in 0...1 {
                    let sink = TierFile.kafka(brokers[index], topic)
                    let file = TierFile.collector("c\(index)", port: ports[index], acknowledge: "delivered", sink: sink)
                    collectors.append(try space.agent("c\(index)", file))
                    try await collectors[index].started()
                }
                try space.write("e1.log", "")
                let edge = try space.agent("e1", TierFile.edge("e1", file: "e1.log", ports: ports))
                try await edge.started()
                let ids = LineWriter.ids("e1", 10_000)
                let start = ContinuousClock.now
                async let writing: Void = LineWriter.write(ids, to: "e1.log", perSecond: 500, space)
                try await Waiting.until("the good collector has lines", within: 90, details: edge.program.story) {
                    try await collectors[1].number("SOURCE.in", "EventAcceptedCount") > 0
                }
                let failover = start.duration(to: .now)
                try await writing
                // The bad one is tried again and again, a call at a time, each for as long as the first.
                try await Waiting.until("all is delivered", within: 200, details: edge.program.story) {
                    try await edge.number("CHANNEL.mem", "ChannelSize") == 0
                }
                let tally = Tally(issued: ids, delivered: try await Topic.bodies(topic, bootstrap, space))
                print("measured: black hole: failover after \(failover), all \(start.duration(to: .now)); \(tally)")
                #expect(failover < .seconds(75))
                #expect(tally.lost == 0)
                #expect(tally.duplicates == 0)
                #expect(tally.unknown == 0)
                for agent in [edge] + collectors {
                    #expect(try await agent.program.terminate() == .exited(0), "\(agent.program.story)")
                }
            }
            try await hole.close()
        }
    }
}
