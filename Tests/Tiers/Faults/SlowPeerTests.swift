import Foundation
import TestSupport
import Testing

extension AllTiers.Traffic {
    /// Many peers that are slow on purpose, and one that is not.
    @Suite struct SlowPeerTests {
        /// Slow peers of each kind.
        private static let dose = Tools.runsLong ? 1_000 : 150
        private static let rounds = Tools.runsLong ? 9 : 5
        private static let seconds = Tools.runsLong ? 8 : 2

        /// A good client's time for a call, alone and beside calls at a byte a second, connections that say nothing and TLS
        /// handshakes that stop: less than twice as long. Both are measured in turn, and the best of each is compared: what
        /// else the machine does spoils some rounds, what the slow peers do would spoil all of theirs.
        @Test func slowPeersAreNotFelt() async throws {
            try await Workspace.use { space in
                let (port, tlsPort) = try (FreePort.any(), FreePort.any())
                let tls = try Certificates.shared()
                let file =
                    TierFile.collector("c1", port: port, acknowledge: "stored", sink: ["type = null"])
                    + [
                        "c1.sources = in tls", "c1.sources.tls.type = avro", "c1.sources.tls.bind = 127.0.0.1",
                        "c1.sources.tls.port = \(tlsPort)", "c1.sources.tls.channels = mem",
                        "c1.sources.tls.ssl = true", "c1.sources.tls.keystore = \(tls.path("server.p12"))",
                        "c1.sources.tls.keystore-type = PKCS12",
                        "c1.sources.tls.keystore-password = \(Certificates.password)",
                    ].joined(separator: "\n") + "\n"
                let agent = try space.agent("c1", file)
                try await agent.ready()
                let before = agent.program.residentBytes ?? 0
                var (alone, beside): ([Double], [Double]) = ([], [])
                var connections = 0
                for round in 0..<Self.rounds {
                    alone.append(try await call(space, "alone\(round)", port))
                    let slow = try ["drip", "silent", "stall"].map { mode in
                        try space.start(
                            "\(mode)\(round)",
                            try Tools.load("avro-hold"),
                            [
                                "--port", "\(mode == "stall" ? tlsPort : port)", "--mode", mode, "--connections",
                                "\(Self.dose)",
                            ]
                        )
                    }
                    for program in slow { try await program.line("held", within: 60) }
                    beside.append(try await call(space, "beside\(round)", port))
                    let metrics = try await agent.metrics()
                    connections = max(
                        connections,
                        metrics.number("SOURCE.in", "OpenConnectionCount")
                            + metrics.number("SOURCE.tls", "OpenConnectionCount")
                    )
                    if round == Self.rounds - 1, Tools.runsLong {
                        // Those that speak too slowly are ended meanwhile; they knock again.
                        try await Waiting.until("slow peers are ended", within: 30, details: agent.program.story) {
                            let metrics = try await agent.metrics()
                            return metrics.number("SOURCE.in", "RejectedHandshakeTimeCount") >= Self.dose
                                && metrics.number("SOURCE.tls", "RejectedHandshakeTimeCount") >= Self.dose
                        }
                    }
                    for program in slow { #expect(try await program.terminate() == .exited(0)) }
                }
                let (without, with) = (alone.min() ?? 0, beside.min() ?? .infinity)
                print("measured: slow peers: p99 alone \(alone) ms, beside \(3 * Self.dose) of them \(beside) ms")
                #expect(with < 2 * without + 0.3, "\(alone) \(beside)")
                #expect(connections >= 2 * Self.dose)
                // 64 KiB each would be what one read buffer takes.
                let grown = (agent.program.residentBytes ?? .max) - before
                #expect(grown < 3 * Self.dose * 64 << 10, "\(grown) bytes")
                #expect(try await agent.program.terminate() == .exited(0), "\(agent.program.story)")
            }
        }

        /// The 99th percentile of a call of 100 events in milliseconds.
        private func call(_ space: Workspace, _ name: String, _ port: Int) async throws -> Double {
            let load = try space.start(
                name,
                try Tools.load("avro-load"),
                [
                    "--port", "\(port)", "--seconds", "\(Self.seconds)", "--rate", "10000", "--batch", "100", "--ids",
                    name,
                ]
            )
            #expect(try await load.end(within: 60) == .exited(0), "\(load.story)")
            let report = try LoadReport(load)
            return try #require(report["p99_us"], "\(report)") / 1_000
        }
    }
}
