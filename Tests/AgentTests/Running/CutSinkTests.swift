import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import Agent

/// Whole agents with a relay between them that cuts the connection somewhere in one batch's exchange: the Avro sink and
/// its runner connect again, nothing is lost, and nothing comes more than twice.
@Suite(.serialized, .timeLimit(.minutes(3))) struct CutSinkTests {
    private static func agent(_ source: String, _ sink: String) -> String {
        """
        a.sources = r
        a.channels = c
        a.sinks = k
        a.sources.r.channels = c
        \(source)
        a.channels.c.type = memory
        a.channels.c.capacity = 10000
        a.channels.c.transactionCapacity = 1000
        a.sinks.k.channel = c
        \(sink)
        """
    }

    /// One sender for each place of the cut, all at once: a runner waits a second before it tries again.
    @Test(arguments: ["none", "deflate"]) func theSinkSendsAgain(compression: String) async throws {
        let sink = FakeSink(.atOnce)
        let port = try await freePort()
        let receiver = try await TestAgent.start(
            Self.agent(
                """
                a.sources.r.type = avro
                a.sources.r.bind = 127.0.0.1
                a.sources.r.port = \(port)
                a.sources.r.acknowledge = delivered
                a.sources.r.compression-type = \(compression)
                """,
                "a.sinks.k.type = fake"
            ),
            sink: sink
        )
        let cuts = CuttingProxy.Direction.allCases.flatMap { direction in
            stride(from: 3, to: 220, by: 9).map { CuttingProxy.Cut(direction, after: $0) }
        }
        let cutCount = try await withThrowingTaskGroup(of: Int.self) { tasks in
            for (index, cut) in cuts.enumerated() {
                tasks.addTask {
                    let proxy = try await CuttingProxy.start(to: port)
                    proxy.arm(cut)
                    let sender = try await TestAgent.start(
                        Self.agent(
                            "a.sources.r.type = feed\na.sources.r.acknowledge = delivered",
                            """
                            a.sinks.k.type = avro
                            a.sinks.k.hostname = 127.0.0.1
                            a.sinks.k.port = \(proxy.port)
                            a.sinks.k.compression-type = \(compression)
                            """
                        )
                    )
                    let answer = await sender.send(index * 3..<index * 3 + 3)
                    #expect(answer == .acknowledged, "\(cut)")
                    #expect(try await sender.stop() == 0)
                    await proxy.stop()
                    return proxy.seen.cuts
                }
            }
            return try await tasks.reduce(0, +)
        }
        #expect(cutCount > cuts.count / 2)
        #expect(try await receiver.stop() == 0)
        var copies: [Int: Int] = [:]
        for number in sink.numbers { copies[number, default: 0] += 1 }
        #expect(copies.count == cuts.count * 3, "nothing is lost")
        #expect(copies.values.allSatisfy { $0 <= 2 }, "\(copies.filter { $0.value > 2 })")
        // A compressed answer is shorter than the step between two cuts.
        if compression == "none" { #expect(copies.values.contains(2), "some answer was cut") }
    }
}
