import TestSupport
import Testing

@testable import Agent

@Suite struct IdentityTests {
    private static let head = Array("first line\n".utf8)

    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var size: UInt64 = 100
        var head = IdentityTests.head
        var tail = Array("e\n".utf8)
        var known: Identity.Known?
        var heads: [(content: Int, head: [UInt8])] = []
        var atEnd = false
        var expected: Identity.Decision

        var testDescription: String { name }
    }

    private static func known(
        _ position: UInt64,
        mark: UInt64? = 11,
        head: [UInt8] = IdentityTests.head,
        samePath: Bool = true
    ) -> Identity.Known {
        let mark = mark.map { ContentMark(offset: $0, hash: nil, head: head, tail: Array("e\n".utf8)) }
        return Identity.Known(position: position, mark: mark, isSamePath: samePath)
    }

    private static let cases: [Case] = [
        Case(name: "as it was", known: known(11), expected: .resume),
        Case(name: "renamed", known: known(11, samePath: false), expected: .resume),
        Case(name: "Java has read on meanwhile", known: known(50), expected: .resume),
        Case(name: "a position set back by hand", known: known(0), expected: .resume),
        Case(
            name: "inode reused: another beginning",
            head: Array("other line\n".utf8),
            known: known(11),
            expected: .fresh(replaces: true)
        ),
        Case(
            name: "emptied and grown: other bytes at the place",
            tail: Array("x\n".utf8),
            known: known(11),
            expected: .fresh(replaces: true)
        ),
        Case(name: "shorter than the position", size: 10, known: known(11), expected: .fresh(replaces: true)),
        Case(name: "shorter than the mark", size: 10, known: known(5), expected: .fresh(replaces: true)),
        Case(name: "Flume's position", known: known(11, mark: nil), expected: .resume),
        Case(
            name: "Flume's position at another path",
            known: known(11, mark: nil, samePath: false),
            expected: .fresh(replaces: false)
        ),
        Case(
            name: "Flume's position behind the end",
            size: 10,
            known: known(11, mark: nil),
            expected: .fresh(replaces: true)
        ),
        Case(name: "nothing read of it yet", known: known(0, mark: nil, samePath: false), expected: .resume),
        Case(name: "new", expected: .fresh(replaces: false)),
        Case(name: "new and empty", size: 0, head: [], expected: .empty),
        Case(name: "skipToEnd", atEnd: true, expected: .atEnd),
        Case(name: "skipToEnd, empty", size: 0, head: [], atEnd: true, expected: .atEnd),
        Case(name: "begins like another", heads: [(3, Array("zz".utf8)), (4, head)], expected: .suspect(4)),
        Case(
            name: "begins like another as far as it goes",
            size: 5,
            head: Array("first".utf8),
            heads: [(4, head)],
            expected: .suspect(4)
        ),
        Case(name: "begins otherwise", heads: [(4, Array("first word\n".utf8))], expected: .fresh(replaces: false)),
        Case(name: "the other was not read yet", heads: [(4, [])], expected: .fresh(replaces: false)),
    ]

    @Test("Which content a file holds", arguments: cases)
    func decisions(_ one: Case) {
        let evidence = Identity.Evidence(size: one.size, head: one.head, tail: one.tail)
        let decision = Identity.decide(evidence, known: one.known, heads: one.heads, startsAtEnd: one.atEnd)
        #expect(decision == one.expected)
    }

    @Test("A position moves over what is acknowledged without a gap, once")
    func progress() {
        func mark(_ offset: UInt64) -> ContentMark { ContentMark(offset: offset, hash: nil, head: [], tail: []) }
        var progress = Progress(mark(5))
        let numbers = [10, 20, 30, 40].map { progress.sent(mark($0)) }
        let moved1 = progress.acknowledged(numbers[1])
        #expect(!moved1)
        let moved2 = progress.acknowledged(numbers[2])
        #expect(!moved2)
        #expect(progress.delivered.offset == 5)
        let moved3 = progress.acknowledged(numbers[0])
        #expect(moved3)
        #expect(progress.delivered.offset == 30)
        let moved4 = progress.acknowledged(numbers[0])
        #expect(!moved4)
        let moved5 = progress.acknowledged(99)
        #expect(!moved5)
        #expect(!progress.isSettled)
        let moved6 = progress.acknowledged(numbers[3])
        #expect(moved6)
        #expect(progress.delivered.offset == 40)
        #expect(progress.isSettled)
        let next = progress.sent(mark(50))
        let moved7 = progress.acknowledged(next)
        #expect(moved7)
        #expect(progress.delivered.offset == 50)
    }

    @Test("A hash depends on every byte and its place, and not on how the bytes are cut")
    func hashes() {
        var random = SeededGenerator.announced("content hash")
        for _ in 0..<200 {
            let bytes = (0..<Int.random(in: 1..<80, using: &random)).map { _ in UInt8.random(in: 0...3, using: &random)
            }
            var whole = ContentHash()
            bytes.withUnsafeBytes { whole.update($0) }
            var pieces = ContentHash()
            var rest = bytes[...]
            while !rest.isEmpty {
                let piece = Array(rest.prefix(Int.random(in: 1...20, using: &random)))
                piece.withUnsafeBytes { pieces.update($0) }
                rest = rest.dropFirst(piece.count)
            }
            #expect(pieces == whole)
            var other = bytes
            other[Int.random(in: 0..<other.count, using: &random)] ^= 0x10
            var changed = ContentHash()
            other.withUnsafeBytes { changed.update($0) }
            #expect(changed != whole)
            var longer = whole
            [UInt8(0)].withUnsafeBytes { longer.update($0) }
            #expect(longer != whole)
        }
    }
}
