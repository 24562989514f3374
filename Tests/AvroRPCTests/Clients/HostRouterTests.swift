import NIOCore
import TestSupport
import Testing

@testable import AvroRPC

/// The router on a clock that the test sets.
@Suite struct HostRouterTests {
    private let away = RPCError(.cannotConnect, "away")
    private let now = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    private func balancer(_ count: Int, backoff: Bool = false) -> HostRouter {
        let pause = Backoff(base: .seconds(1), maximum: .seconds(30))
        return HostRouter(kind: .loadBalance(.roundRobin, backoff: backoff ? pause : nil), count: count)
    }

    @Test func oneHost() {
        var router = HostRouter(kind: .single, count: 1)
        #expect(router.next(now: now) { _, _ in .closed } == .idle)
        router.submit(0)
        #expect(router.next(now: now) { _, _ in .closed } == .connect(0))
        #expect(router.next(now: now) { _, _ in .connecting } == .idle)
        #expect(router.next(now: now) { _, _ in .full } == .idle)
        #expect(router.next(now: now) { _, _ in .room } == .send(0, to: 0))
        router.failed(0, away, now: now, mayRetry: true)
        #expect(router.next(now: now) { _, _ in .room } == .fail(0, away))
    }

    /// Failover: a round over all hosts from the one behind the last; then the first again.
    @Test func aRoundOfConnections() {
        var router = HostRouter(kind: .failover(attempts: 3), count: 3)
        router.submit(0)
        for host in 0..<2 {
            #expect(router.next(now: now) { _, _ in .closed } == .connect(host))
            let isOver = router.connectFailed(host, away, now: now)
            #expect(!isOver)
        }
        #expect(router.next(now: now) { _, _ in .closed } == .connect(2))
        let isOver = router.connectFailed(2, away, now: now)
        #expect(isOver)
        guard case .fail(0, let error) = router.next(now: now, { _, _ in .closed }) else {
            Issue.record("the call waits on")
            return
        }
        #expect(error.message == "No clients currently active. away")
        #expect(router.next(now: now) { _, _ in .closed } == .idle)
        router.submit(1)
        #expect(router.next(now: now) { _, _ in .closed } == .connect(0))
    }

    /// A host whose connection ended on its own is left as one that failed.
    @Test func aConnectionThatEnds() {
        var router = HostRouter(kind: .failover(attempts: 2), count: 2)
        router.submit(0)
        #expect(router.next(now: now) { _, _ in .closed } == .connect(0))
        router.opened(0)
        #expect(router.next(now: now) { _, _ in .room } == .send(0, to: 0))
        #expect(router.succeeded(0) == 0)
        router.closed(0)
        router.submit(1)
        #expect(router.next(now: now) { _, _ in .closed } == .connect(1))
    }

    /// A call too late for another try ends with its first failure.
    @Test(arguments: [RPCClientKind.failover(attempts: 5), .loadBalance(.roundRobin, backoff: nil)])
    func aLateCall(kind: RPCClientKind) {
        var router = HostRouter(kind: kind, count: 2)
        router.submit(0)
        #expect(router.next(now: now) { _, _ in .room } == .send(0, to: 0))
        router.failed(0, away, now: now, mayRetry: false)
        var action = router.next(now: now) { _, _ in .room }
        if action == .leave(0) { action = router.next(now: now) { _, _ in .room } }
        guard case .fail(0, let error) = action else {
            Issue.record("\(action)")
            return
        }
        #expect(error.message.hasSuffix("away"))
    }

    @Test func ringsAndRetries() {
        var router = balancer(3)
        for number in UInt64(0)..<3 {
            router.submit(number)
            #expect(router.next(now: now) { _, _ in .room } == .send(number, to: Int(number)))
        }
        // The turn is the ring's, not the retry's.
        router.failed(0, away, now: now, mayRetry: true)
        #expect(router.next(now: now) { _, _ in .room } == .send(0, to: 1))
        router.submit(3)
        #expect(router.next(now: now) { _, _ in .room } == .send(3, to: 0))
        router.failed(0, away, now: now, mayRetry: true)
        #expect(router.next(now: now) { _, _ in .room } == .send(0, to: 2))
        router.failed(0, away, now: now, mayRetry: true)
        guard case .fail(0, let error) = router.next(now: now, { _, _ in .room }) else {
            Issue.record("a fourth try")
            return
        }
        #expect(error.message == "Unable to send batch to any host: away")
    }

    /// A busy host is passed over; all busy means wait.
    @Test func busyHosts() {
        var router = balancer(2)
        router.submit(0)
        #expect(router.next(now: now) { host, _ in host == 0 ? .full : .room } == .send(0, to: 1))
        router.submit(1)
        #expect(router.next(now: now) { _, _ in .full } == .idle)
        #expect(router.host(now: now) { _ in .room } == nil)
        #expect(router.next(now: now) { _, _ in .room } == .send(1, to: 0))
        #expect(router.host(now: now) { _ in .room } == 1)
    }

    /// A host that is away is tried beside the others, not more than twice a second.
    @Test func anAwayHostBesideAnother() {
        var router = balancer(2)
        let standing = { (host: Int, _: UInt64?) -> HostRouter.Standing in host == 0 ? .closed : .room }
        router.submit(0)
        #expect(router.next(now: now, standing) == .connect(0))
        _ = router.connectFailed(0, away, now: now)
        #expect(router.next(now: now, standing) == .send(0, to: 1))
        router.submit(1)
        #expect(router.next(now: now, standing) == .send(1, to: 1))
        router.submit(2)
        #expect(router.next(now: now + HostRouter.retryPause, standing) == .connect(0))
        // A call that the only other host refused has no other way.
        router.cancel(2)
        _ = router.connectFailed(0, away, now: now)
        router.failed(1, away, now: now, mayRetry: true)
        #expect(router.next(now: now, standing) == .connect(0))
    }

    /// With back-off: left out, then one trial that others wait for.
    @Test func backoffAndTrial() {
        var router = balancer(1, backoff: true)
        router.submit(0)
        #expect(router.next(now: now) { _, _ in .room } == .send(0, to: 0))
        router.failed(0, away, now: now, mayRetry: true)
        guard case .fail(0, _) = router.next(now: now, { _, _ in .room }) else {
            Issue.record("tried twice")
            return
        }
        #expect(router.host(now: now) { _ in .room } == nil)
        router.submit(1)
        guard case .fail(1, let error) = router.next(now: now, { _, _ in .room }) else {
            Issue.record("a host that is left out is used")
            return
        }
        #expect(error.message == "Unable to send batch to any host: every host is left out after a failure")
        let later = now + .seconds(2)
        #expect(router.host(now: later) { _ in .room } == 0)
        router.submit(2)
        router.submit(3)
        #expect(router.next(now: later) { _, _ in .room } == .send(2, to: 0))
        #expect(router.next(now: later) { _, _ in .room } == .idle)
        _ = router.succeeded(2)
        #expect(router.next(now: later) { _, _ in .room } == .send(3, to: 0))
    }

    /// Any order of answers and breaks, from a seed: every call ends once, sent to no host twice, in at most its attempts.
    @Test(arguments: 0..<200) func everyCallEndsOnce(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        let count = Int.random(in: 2...4, using: &random)
        let backoff = Backoff(base: .milliseconds(10), maximum: .seconds(1))
        let isFailover = seed % 3 == 0
        let balance = RPCClientKind.loadBalance(.random, backoff: seed % 3 == 1 ? backoff : nil)
        let kind = isFailover ? .failover(attempts: count) : balance
        var router = HostRouter(kind: kind, count: count)
        var links = [HostRouter.Standing](repeating: .closed, count: count)
        var out: [(number: UInt64, host: Int)] = []
        var given: [UInt64: [Int]] = [:]
        var ended: [UInt64: Int] = [:]
        var time = now
        var next: UInt64 = 0

        func settle(_ index: Int, isGood: Bool) {
            let (number, _) = out.remove(at: index)
            if isGood {
                _ = router.succeeded(number)
                ended[number, default: 0] += 1
            } else {
                router.failed(number, away, now: time, mayRetry: true)
            }
        }
        func breakLink(_ host: Int) {
            while let index = out.firstIndex(where: { $0.host == host }) { settle(index, isGood: false) }
            links[host] = .closed
            router.closed(host)
        }
        func pump() {
            for _ in 0..<10_000 {
                switch router.next(now: time, { host, _ in links[host] }) {
                case .connect(let host):
                    #expect(links[host] == .closed)
                    links[host] = .connecting
                case .send(let number, let host):
                    #expect(links[host] == .room)
                    given[number, default: []].append(host)
                    out.append((number, host))
                case .leave(let host): if links[host] != .connecting { links[host] = .closed }
                case .fail(let number, _): ended[number, default: 0] += 1
                case .idle: return
                }
            }
            Issue.record("the router does not come to rest")
        }

        for _ in 0..<300 {
            time = time + .milliseconds(Int64.random(in: 0...300, using: &random))
            let host = Int.random(in: 0..<count, using: &random)
            switch Int.random(in: 0..<10, using: &random) {
            case 0...2 where next < 60:
                router.submit(next)
                next += 1
            case 3...6 where !out.isEmpty:
                settle(Int.random(in: out.indices, using: &random), isGood: Bool.random(using: &random))
            case 7 where links[host] == .room: breakLink(host)
            case 8 where links[host] == .connecting:
                links[host] = .closed
                _ = router.connectFailed(host, away, now: time)
            default:
                if links[host] == .connecting {
                    links[host] = .room
                    router.opened(host)
                }
            }
            pump()
        }
        // All hosts come to themselves: nothing may be left.
        for _ in 0..<1000 where ended.count < next {
            time = time + .milliseconds(100)
            for host in 0..<count where links[host] == .connecting {
                links[host] = .room
                router.opened(host)
            }
            pump()
            while !out.isEmpty { settle(0, isGood: true) }
            pump()
        }
        #expect(ended.count == Int(next))
        #expect(ended.values.allSatisfy { $0 == 1 })
        for hosts in given.values {
            #expect(hosts.count <= count)
            if !isFailover { #expect(Set(hosts).count == hosts.count) }
        }
    }
}
