import TestSupport
import Testing

@testable import Agent

@Suite struct AdmissionTests {
    private let admission = Admission()
    private let log = Recorded<String>()

    @Test func whatComesWhileOneIsBeingServedGoesBehindIt() throws {
        let room = admission.makeRoom(capacity: 10, byteCapacity: .max)
        let held = try #require(grants(of: admission.request(events: 8, bytes: 8, in: [room]) { _ in }))
        // The first waiter's batch is not put before its callback says so; the same sender's next must not pass it.
        let first = admission.request(events: 5, bytes: 5, in: [room]) { [admission, log] _ in
            let second = admission.request(events: 1, bytes: 1, in: [room]) { _ in log.add("second") }
            if case .granted = second { log.add("second") }
            log.add("first")
        }
        guard case .waiting = first else {
            Issue.record("there is no room yet")
            return
        }
        held[0].release(events: 8, bytes: 8)
        #expect(log.all == ["first", "second"])
        #expect(room.events == 6)
    }

    @Test func aLongLineIsServedWithoutNesting() throws {
        let room = admission.makeRoom(capacity: 1, byteCapacity: .max)
        let held = try #require(grants(of: admission.request(events: 1, bytes: 0, in: [room]) { _ in }))
        let count = 10_000
        for index in 0..<count {
            // Each gives its room back at once, so that each serves the next.
            let answer = admission.request(events: 1, bytes: 0, in: [room]) { [log] grants in
                if index % 1000 == 0 { log.add("\(index)") }
                for grant in grants { grant.release(events: 1, bytes: 0) }
            }
            #expect(grants(of: answer) == nil)
        }
        held[0].release(events: 1, bytes: 0)
        #expect(log.all == stride(from: 0, to: count, by: 1000).map { "\($0)" })
        #expect(room.events == 0)
    }

    @Test func leavingTellsWhetherRoomCameFirst() throws {
        let room = admission.makeRoom(capacity: 2, byteCapacity: .max)
        let held = try #require(grants(of: admission.request(events: 2, bytes: 0, in: [room]) { _ in }))
        guard case .waiting(let first) = admission.request(events: 1, bytes: 0, in: [room], granted: { _ in }),
            case .waiting(let second) = admission.request(events: 1, bytes: 0, in: [room], granted: { _ in })
        else {
            Issue.record("there is no room yet")
            return
        }
        #expect(admission.leave(first))
        #expect(!admission.leave(first))
        held[0].release(events: 2, bytes: 0)
        #expect(!admission.leave(second))
        #expect(room.events == 1)
    }

    private func grants(of answer: Admission.Answer) -> [RoomGrant]? {
        guard case .granted(let grants) = answer else { return nil }
        return grants
    }
}
