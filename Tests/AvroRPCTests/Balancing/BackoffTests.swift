import AvroRPC
import NIOCore
import Testing

@Suite struct BackoffTests {
    @Test func flumesDelaysUpToTheirMaximum() {
        let backoff = Backoff(base: .seconds(1), maximum: .seconds(30))
        let delays = (1...100).map { backoff.delay(failures: $0) }
        #expect(delays.prefix(4) == [.seconds(2), .seconds(4), .seconds(8), .seconds(16)])
        #expect(delays.dropFirst(4).allSatisfy { $0 == .seconds(30) })
    }

    @Test func saturatesAtAnyNumber() {
        let backoff = Backoff(base: .seconds(1), maximum: .hours(1_000_000))
        var previous = TimeAmount.zero
        for failures in 1...100 {
            let delay = backoff.delay(failures: failures)
            #expect(delay >= previous)
            #expect(delay > .zero)
            previous = delay
        }
        #expect(previous == .hours(1_000_000))
        #expect(backoff.delay(failures: 20) == .seconds(1 << 20))
        #expect(backoff.delay(failures: .max) == .hours(1_000_000))
        #expect(Backoff(base: .seconds(60), maximum: .seconds(30)).delay(failures: 1) == .seconds(30))
        #expect(
            Backoff(base: .nanoseconds(1), maximum: .nanoseconds(.max)).delay(failures: 61) == .nanoseconds(1 << 61)
        )
        #expect(
            Backoff(base: .nanoseconds(1), maximum: .nanoseconds(.max)).delay(failures: 62) == .nanoseconds(1 << 62)
        )
        #expect(Backoff(base: .nanoseconds(1), maximum: .nanoseconds(.max)).delay(failures: 63) == .nanoseconds(.max))
    }

    @Test func noNegativeWait() {
        let backoff = Backoff(base: .seconds(1), maximum: .seconds(30))
        #expect(backoff.delay(failures: 0) == .seconds(1))
        #expect(backoff.delay(failures: -7) == .seconds(1))
    }
}
