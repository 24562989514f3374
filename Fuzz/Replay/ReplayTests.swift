import TestSupport
import Testing

#if canImport(Subjects)
import Subjects
#endif

/// Every input that a fuzzer found worth keeping, and some near each, without a fuzzer.
@Suite(.ownThread, .timeLimit(.minutes(2))) struct ReplayTests {
    @Test(arguments: Subject.allCases) func keptInputs(subject: Subject) throws {
        let corpus = try Corpus(subject)
        #expect(corpus.inputs.count >= 7, "the corpus of \(subject) is gone")
        for input in corpus.inputs {
            do { try subject.check(input.bytes) } catch { Issue.record("\(subject), \(input.name): \(error)") }
        }
    }

    @Test(arguments: Subject.allCases) func theirNeighbours(subject: Subject) throws {
        var generator = SeededGenerator.announced("theirNeighbours(\(subject))")
        let inputs = try Corpus(subject).inputs.filter { $0.bytes.count <= 2_000 }
        for _ in 0..<300 {
            guard var bytes = inputs.randomElement(using: &generator)?.bytes else { return }
            let other = inputs.randomElement(using: &generator)?.bytes ?? []
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                Self.change(&bytes, towards: other, &generator)
            }
            do { try subject.check(bytes) } catch { Issue.record("\(subject): \(error): \(bytes)") }
        }
    }

    private static func change(_ bytes: inout [UInt8], towards other: [UInt8], _ generator: inout SeededGenerator) {
        let place = Int.random(in: 0...bytes.count, using: &generator)
        let end = min(bytes.count, place + Int.random(in: 0...8, using: &generator))
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: place)
        case 1: bytes.removeSubrange(place..<end)
        case 2 where place < bytes.count: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        default:
            let from = Int.random(in: 0...other.count, using: &generator)
            bytes.replaceSubrange(place..<end, with: other[from...].prefix(12))
        }
    }
}
