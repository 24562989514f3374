import Testing

@testable import Journal

@Suite("Which directory is next")
struct DirectoryChoiceTests {
    @Test("In turn; full ones rest, failed ones go")
    func choice() {
        var choice = DirectoryChoice(count: 3, last: 2)
        #expect(choice.candidates(now: 0) == [0, 1, 2])
        choice.used(0)
        #expect(choice.candidates(now: 0) == [1, 2, 0])
        let isNews = choice.isFull(1, until: 10)
        let isNewsAgain = choice.isFull(1, until: 10)
        #expect(isNews && !isNewsAgain)
        #expect(choice.candidates(now: 5) == [2, 0])
        #expect(choice.candidates(now: 10) == [1, 2, 0])
        let wasFull = choice.stored(1)
        #expect(wasFull)
        let isOutAtOnce = choice.strike(2)
        #expect(choice.candidates(now: 10) == [1, 0, 2])
        let isOut = choice.strike(2)
        #expect(!isOutAtOnce && isOut)
        #expect(choice.candidates(now: 10) == [1, 0])
        for directory in [0, 0, 1, 1] { _ = choice.strike(directory) }
        #expect(choice.isHopeless && choice.candidates(now: 10).isEmpty)
    }
}
