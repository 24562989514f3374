import TestSupport
import Testing

@testable import Kafka

@Suite struct OffsetLedgerTests {
    private let a = TopicPartition(topic: "t", partition: 0)
    private let b = TopicPartition(topic: "t", partition: 1)

    private func end(_ partition: TopicPartition, _ next: Int64) -> PartitionOffset {
        PartitionOffset(partition: partition, next: next)
    }

    @Test func offsetsMoveWithoutGaps() {
        var ledger = OffsetLedger()
        ledger.assign([a, b])
        let first = ledger.sent([end(a, 10), end(b, 5)])
        let second = ledger.sent([end(a, 20)])
        let third = ledger.sent([end(a, 30), end(b, 7)])
        ledger.acknowledged(third)
        ledger.acknowledged(second)
        #expect(!ledger.hasDue)
        ledger.acknowledged(first)
        #expect(ledger.isSettled)
        let due1 = ledger.takeDue()
        #expect(due1 == [end(a, 30), end(b, 7)])
        let due2 = ledger.takeDue()
        #expect(due2 == [])
    }

    @Test func refusedCommitsAreDueAgain() {
        var ledger = OffsetLedger()
        ledger.assign([a])
        ledger.acknowledged(ledger.sent([end(a, 1)]))
        let asked = ledger.takeDue()
        #expect(asked == [end(a, 1)])
        ledger.refused(asked)
        let due3 = ledger.takeDue()
        #expect(due3 == [end(a, 1)])
        // A later one is on its way already.
        ledger.acknowledged(ledger.sent([end(a, 2)]))
        let due4 = ledger.takeDue()
        #expect(due4 == [end(a, 2)])
        ledger.refused(asked)
        #expect(!ledger.hasDue)
    }

    @Test func whatWasRevokedMovesNothing() {
        var ledger = OffsetLedger()
        ledger.assign([a, b])
        let old = ledger.sent([end(a, 10), end(b, 10)])
        ledger.revoke([a])
        ledger.assign([a])
        let new = ledger.sent([end(a, 4)])
        ledger.acknowledged(old)
        let due5 = ledger.takeDue()
        #expect(due5 == [end(b, 10)])
        ledger.acknowledged(new)
        let due6 = ledger.takeDue()
        #expect(due6 == [end(a, 4)])
    }

    /// Random actions against a model that remembers every batch.
    @Test func agreesWithAModel() {
        let seed = Environment.seed ?? UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        let all = (0..<4).map { TopicPartition(topic: "t", partition: $0) }
        for _ in 0..<200 {
            var ledger = OffsetLedger()
            var terms: [TopicPartition: Int] = [:]
            var next: [TopicPartition: Int64] = [:]
            var requested: [TopicPartition: Int64] = [:]
            // Per batch: number, (partition, term, end), whether acknowledged.
            var sent: [(number: OffsetLedger.Number, ends: [(TopicPartition, Int, Int64)], isAcknowledged: Bool)] = []
            var nextTerm = 0
            func expected(_ partition: TopicPartition) -> Int64? {
                guard let term = terms[partition] else { return nil }
                var reached: Int64?
                for batch in sent {
                    for (name, at, end) in batch.ends where name == partition && at == term {
                        guard batch.isAcknowledged else { return reached }
                        reached = end
                    }
                }
                return reached
            }
            for _ in 0..<60 {
                switch Int.random(in: 0..<10, using: &random) {
                case 0:
                    let partition = all.randomElement(using: &random)!
                    guard terms[partition] == nil else { continue }
                    ledger.assign([partition])
                    terms[partition] = nextTerm
                    nextTerm += 1
                    next[partition] = next[partition] ?? 0
                    requested[partition] = nil
                case 1:
                    let partition = all.randomElement(using: &random)!
                    ledger.revoke([partition])
                    // Read again from what was committed.
                    next[partition] = requested[partition] ?? 0
                    terms[partition] = nil
                    requested[partition] = nil
                case 2...4:
                    var ends: [(TopicPartition, Int, Int64)] = []
                    for partition in all where terms[partition] != nil && Bool.random(using: &random) {
                        next[partition]! += Int64.random(in: 1...5, using: &random)
                        ends.append((partition, terms[partition]!, next[partition]!))
                    }
                    let number = ledger.sent(ends.map { end($0.0, $0.2) })
                    sent.append((number, ends, false))
                case 5...7:
                    let open = sent.indices.filter { !sent[$0].isAcknowledged }
                    guard let index = open.randomElement(using: &random) else { continue }
                    sent[index].isAcknowledged = true
                    ledger.acknowledged(sent[index].number)
                default:
                    let due = ledger.takeDue()
                    var wanted: [PartitionOffset] = []
                    for partition in all {
                        guard let reached = expected(partition), reached != requested[partition] else { continue }
                        wanted.append(end(partition, reached))
                        requested[partition] = reached
                    }
                    #expect(due == wanted, "seed \(seed)")
                    if Bool.random(using: &random), !due.isEmpty {
                        ledger.refused(due)
                        for offset in due { requested[offset.partition] = nil }
                    }
                }
            }
        }
    }
}
