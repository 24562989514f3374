import AvroRPC
import NIOCore
import TestSupport
import Testing

@Suite struct PeerChoiceTests {
    struct Row: Sendable {
        /// By priority: the highest first.
        var peers: [PeerAvailability]
        var chosen: Int?
    }

    @Test(arguments: [
        Row(peers: [.free, .free], chosen: 0),
        Row(peers: [.busy, .free], chosen: nil),
        Row(peers: [.down, .free], chosen: 1),
        Row(peers: [.down, .busy], chosen: nil),
        Row(peers: [.down, .busy, .free], chosen: nil),
        Row(peers: [.down, .down, .free], chosen: 2),
        Row(peers: [.oneTrial, .free], chosen: 0),
        Row(peers: [.busy, .oneTrial], chosen: nil),
        Row(peers: [.down, .oneTrial], chosen: 1),
        Row(peers: [.down, .down], chosen: nil),
        Row(peers: [], chosen: nil),
    ])
    func failover(row: Row) {
        let count = row.peers.count
        var straight = FailoverChoice(priorities: (0..<count).map { 10 - $0 })
        #expect(straight.choose(count: count) { row.peers[$0] } == row.chosen)
        // The same with the lowest first in the list.
        var reversed = FailoverChoice(priorities: (0..<count).map { $0 - 10 })
        #expect(reversed.choose(count: count) { row.peers[count - 1 - $0] } == row.chosen.map { count - 1 - $0 })
    }

    /// A primary that comes back gets one call; the standby has the others until that one is through.
    @Test func aHalfOpenPrimaryGetsOneTrial() {
        var choice = FailoverChoice(priorities: [10, 5])
        var primary = PeerHealth(backoff: Backoff(base: .seconds(1), maximum: .seconds(30)))
        let start = NIODeadline.uptimeNanoseconds(0)
        func availability(_ index: Int) -> PeerAvailability {
            if index == 1 || primary.isLive { return .free }
            return primary.isHalfOpen ? .oneTrial : .down
        }
        #expect(choice.choose(count: 2, availability: availability) == 0)
        _ = primary.failed(1, now: start)
        #expect(choice.choose(count: 2, availability: availability) == 1)
        _ = primary.startProbe(now: start + .seconds(2), canProbe: true)
        #expect(choice.choose(count: 2, availability: availability) == 1)
        primary.probed(isWell: true, now: start + .seconds(2))
        #expect(choice.choose(count: 2, availability: availability) == 0)
        primary.given(2)
        for _ in 0..<10 { #expect(choice.choose(count: 2, availability: availability) == 1) }
        _ = primary.succeeded(2)
        #expect(choice.choose(count: 2, availability: availability) == 0)
    }

    @Test func roundRobinIsFair() {
        for count in 1...7 {
            var choice = RoundRobinChoice()
            var given = Array(repeating: 0, count: count)
            for _ in 0..<(count * 50) {
                if let index = choice.choose(count: count, availability: { _ in .free }) { given[index] += 1 }
            }
            #expect(given == Array(repeating: 50, count: count))
        }
    }

    @Test func roundRobinPassesOver() {
        var choice = RoundRobinChoice()
        let peers: [PeerAvailability] = [.free, .busy, .oneTrial, .down, .free]
        let chosen = (0..<7).map { _ in choice.choose(count: 5) { peers[$0] } }
        #expect(chosen == [0, 2, 4, 0, 2, 4, 0])
        #expect(choice.choose(count: 5) { _ in .busy } == nil)
        #expect(choice.choose(count: 5) { _ in .down } == nil)
        // Its place is kept while nobody can be chosen.
        #expect(choice.choose(count: 5) { _ in .free } == 1)
        #expect(choice.choose(count: 0) { _ in .free } == nil)
        // One that goes takes nobody's turn twice.
        #expect(choice.choose(count: 2) { _ in .free } == 0)
    }

    @Test func randomTakesWhatIsFree() {
        var choice = RandomChoice(using: SeededGenerator(seed: 11))
        let peers: [PeerAvailability] = [.free, .busy, .oneTrial, .down, .free]
        var given = Array(repeating: 0, count: 5)
        for _ in 0..<9_000 {
            if let index = choice.choose(count: 5, availability: { peers[$0] }) { given[index] += 1 }
        }
        #expect(given[1] == 0 && given[3] == 0)
        for index in [0, 2, 4] { #expect((2_700...3_300).contains(given[index]), "\(given)") }
        #expect(choice.choose(count: 5) { _ in .down } == nil)
        #expect(choice.choose(count: 5) { $0 == 3 ? .free : .busy } == 3)
        #expect(choice.choose(count: 0) { _ in .free } == nil)
    }

    @Test func theSameSeedChoosesTheSame() {
        func run() -> [Int?] {
            var choice = RandomChoice(using: SeededGenerator(seed: 5))
            return (0..<50).map { _ in choice.choose(count: 9) { _ in .free } }
        }
        #expect(run() == run())
    }
}
