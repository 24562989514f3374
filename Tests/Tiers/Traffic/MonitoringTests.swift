import Foundation
import TestSupport
import Testing

extension AllTiers.Traffic {
    @Suite struct MonitoringTests {
        /// `tributary health`: 0 when the agent can do its work, else 1 with the reason.
        @Test func healthCommand() async throws {
            try await Workspace.use { space in
                let away = try FreePort.any()
                let sink = [
                    "a1.sinks.k1.type = avro", "a1.sinks.k1.hostname = 127.0.0.1", "a1.sinks.k1.port = \(away)",
                ]
                let agent = try space.agent("a1", SmallAgent.text(port: try FreePort.any(), [9: ""], more: sink))
                try await agent.started()
                func health(_ more: [String], port: Int) async throws -> (status: ProgramEnd, text: String) {
                    let words = ["health", "--host", "127.0.0.1", "--port", "\(port)"]
                    let program = try space.start("health", Tools.tributary, words + more)
                    return (try await program.end(within: 10), program.output + program.errors)
                }
                try await agent.program.line("sink cannot deliver")
                let notReady = try await health([], port: agent.monitoringPort)
                #expect(notReady.status == .exited(1))
                let place = "127.0.0.1:\(agent.monitoringPort): "
                let reason = "sink k1: cannot connect to 127.0.0.1:\(away): Connection refused"
                #expect(notReady.text == "\(place)not ready: \(reason)\n")
                let alive = try await health(["--alive"], port: agent.monitoringPort)
                #expect(alive.status == .exited(0))
                #expect(alive.text == "\(place)alive\n")
                // The peer comes.
                let receiver = try space.start("receive", try Tools.load("avro-receive"), ["--port", "\(away)"])
                try await receiver.line("\"port\"")
                try await agent.ready(within: 40)
                let ready = try await health([], port: agent.monitoringPort)
                #expect(ready.status == .exited(0))
                #expect(ready.text == "\(place)ready\n")
                #expect(try await agent.program.terminate() == .exited(0))
                let nobody = try await health([], port: agent.monitoringPort)
                #expect(nobody.status == .exited(1))
            }
        }

        /// A hundred calls of fifty events over two agents into Kafka: every counter of every component.
        @Test(.disabled(if: Topic.whyNot != nil, "\(Topic.whyNot ?? "")")) func countsAddUp() async throws {
            let bootstrap = try Broker.shared.get()
            try await Workspace.use { space in
                let ports = try (FreePort.any(), FreePort.any())
                let topic = try await Topic.make("counts", bootstrap, space)
                let kafka = [
                    "a1.sinks.k1.type = org.apache.flume.sink.kafka.KafkaSink",
                    "a1.sinks.k1.kafka.bootstrap.servers = \(bootstrap)",
                    "a1.sinks.k1.kafka.topic = \(topic)",
                    "a1.channels.c1.capacity = 10000",
                ]
                let avro = [
                    "a1.sinks.k1.type = avro", "a1.sinks.k1.hostname = 127.0.0.1", "a1.sinks.k1.port = \(ports.1)",
                    "a1.channels.c1.capacity = 10000",
                ]
                let source = [4: "a1.sources.r1.type = avro", 9: ""]
                let collector = try space.agent("a1", SmallAgent.text(port: ports.1, source, more: kafka))
                try await collector.ready()
                let edge = try space.agent("a1", SmallAgent.text(port: ports.0, source, more: avro))
                try await edge.ready()
                let load = try space.start(
                    "load",
                    try Tools.load("avro-load"),
                    ["--port", "\(ports.0)", "--events", "5000", "--batch", "50"]
                )
                #expect(try await load.end(within: 30) == .exited(0))
                for agent in [edge, collector] {
                    try await Waiting.until("5,000 events have left the channel", within: 20) {
                        try await agent.number("CHANNEL.c1", "EventTakeSuccessCount") == 5000
                    }
                    let metrics = try await agent.metrics()
                    #expect(Set(metrics.components.keys) == ["SOURCE.r1", "CHANNEL.c1", "SINK.k1"])
                    for (component, counters) in Self.expected {
                        for (counter, value) in counters {
                            #expect(
                                metrics.text(component, counter) == value,
                                "\(agent.program.id) \(component) \(counter)"
                            )
                        }
                    }
                }
                let received = try await edge.metrics()
                #expect(received.number("SOURCE.r1", "AppendBatchReceivedCount") == 100)
                #expect(received.number("SOURCE.r1", "AppendBatchAcceptedCount") == 100)
                for agent in [edge, collector] { #expect(try await agent.program.terminate() == .exited(0)) }
            }
        }

        /// What is the same for both agents; how many batches leave a channel is a matter of time.
        private static let expected = [
            "SOURCE.r1": [
                "Type": "SOURCE", "EventReceivedCount": "5000", "EventAcceptedCount": "5000",
                "AppendReceivedCount": "0",
                "AppendAcceptedCount": "0", "EventReadFail": "0", "ChannelWriteFail": "0", "GenericProcessingFail": "0",
                "StopTime": "0",
            ],
            "CHANNEL.c1": [
                "Type": "CHANNEL", "EventPutAttemptCount": "5000", "EventPutSuccessCount": "5000",
                "EventTakeSuccessCount": "5000", "ChannelSize": "0", "ChannelCapacity": "10000",
                "ChannelFillPercentage": "0.0", "StopTime": "0",
            ],
            "SINK.k1": [
                "Type": "SINK", "EventDrainAttemptCount": "5000", "EventDrainSuccessCount": "5000",
                "ConnectionFailedCount": "0", "EventWriteFail": "0", "ChannelReadFail": "0", "StopTime": "0",
            ],
        ]
    }
}
