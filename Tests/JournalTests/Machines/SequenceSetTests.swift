import TestSupport
import Testing

@testable import Journal

@Suite("The set of what is done")
struct SequenceSetTests {
    @Test("Agrees with a plain set")
    func model() {
        var random = SeededGenerator.announced("sequence set")
        for _ in 0..<300 {
            var set = SequenceSet(floor: 5)
            var plain = Set<UInt64>(0..<5)
            for _ in 0..<60 {
                let first = UInt64.random(in: 0...70, using: &random)
                let range = first..<(first + UInt64.random(in: 0...9, using: &random))
                let added = set.insert(range)
                #expect(added == UInt64(range.filter { !plain.contains($0) }.count))
                plain.formUnion(range)
                let floor = (0...).first { !plain.contains($0) }!
                #expect(set.floor == floor)
                #expect(set.countAbove == UInt64(plain.count { $0 > floor }))
                for (one, next) in zip(set.intervals, set.intervals.dropFirst()) {
                    #expect(one.upperBound < next.lowerBound)
                }
                let asked = first..<(first + 20)
                #expect(set.missing(in: asked).flatMap { Array($0) } == asked.filter { !plain.contains($0) })
                #expect(set.contains(range))
            }
        }
    }
}
