import Foundation
import Synchronization
import TestSupport
import Testing

extension AllTiers.BadInput {
    /// Whatever a peer sends costs it its call or its connection, and nobody else anything.
    @Suite(.timeLimit(.minutes(10))) struct HostileTests {
        @Test func theTableIsWhole() throws {
            let inputs = try HostileInput.all()
            let groups = Dictionary(grouping: inputs, by: \.group)
            #expect(inputs.count >= 150)
            #expect(groups.count >= 12)
            for (group, members) in groups { #expect(members.count <= 20, "\(group)") }
            #expect(Set(inputs.map(\.what)).count == inputs.count)
            #expect(Set(inputs.map { "\($0.group) \($0.ports) \($0.isRaw) \($0.sends)" }).count == inputs.count)
            // What is refused before a byte is read is no use here.
            #expect(inputs.allSatisfy { !$0.parts.isEmpty })
        }

        @Test func everyInputAgainstALiveSource() async throws {
            let inputs = try HostileInput.all()
            try await Workspace.use { space in
                let target = try await HostileTarget(space)
                let clients = HostileInput.Port.allCases.enumerated().map { ($1, GoodClient(first: $0 * 1_000_000)) }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for (port, client) in clients { group.addTask { try await client.run(port, target) } }
                    // Once all is warm, and with what the good clients alone make it hold: neither is the peers' doing.
                    try await Self.underWay(clients.map(\.1), acknowledged: 200)
                    try target.resetPeak()
                    try await Self.underWay(clients.map(\.1), acknowledged: 400)
                    let before = try target.peakMemory()
                    try target.resetPeak()
                    try await Self.runAll(inputs, target)
                    let peak = try target.peakMemory()
                    print("hostile inputs: measured \(before >> 10) KiB before, \(peak >> 10) KiB at most")
                    #expect(peak - before < 2 * HostileTarget.frameBytes)
                    for (_, client) in clients { client.finish() }
                    try await group.waitForAll()
                }
                let bodies = try await target.bodies()
                try Self.checkEvents(inputs, clients.map(\.1), bodies)
            }
        }

        private static func underWay(_ clients: [GoodClient], acknowledged: Int) async throws {
            try await Waiting.until("the good clients are under way", within: 30) {
                clients.allSatisfy { $0.tally.acknowledged.count >= acknowledged || !$0.tally.troubles.isEmpty }
            }
        }

        /// One input at a time: what is measured is what one peer can make the agent hold.
        private static func runAll(_ inputs: [HostileInput], _ target: HostileTarget) async throws {
            for port in HostileInput.Port.allCases {
                for input in inputs where input.ports.contains(port) {
                    let wrong = try await HostileCase(input: input, port: port, target: target).run()
                    if let wrong { Issue.record("\(input.group)/\(input.name) over \(port): \(wrong)") }
                }
            }
        }

        private static func checkEvents(
            _ inputs: [HostileInput],
            _ clients: [GoodClient],
            _ bodies: [Substring]
        ) throws {
            var counts: [Substring: Int] = [:]
            for body in bodies { counts[body, default: 0] += 1 }
            for client in clients {
                let tally = client.tally
                #expect(tally.troubles == [])
                #expect(tally.acknowledged.count == tally.sent)
                #expect(tally.acknowledged.allSatisfy { counts["good \($0)"] == 1 })
            }
            let delivered = inputs.reduce(0) { $0 + $1.events * $1.ports.count }
            #expect(counts["hostile", default: 0] == delivered)
            let good = clients.reduce(0) { $0 + $1.tally.sent }
            #expect(bodies.count == good + delivered, "other events arrived")
        }
    }
}
