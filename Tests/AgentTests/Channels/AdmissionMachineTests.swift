import TestSupport
import Testing

@testable import Agent

@Suite struct AdmissionMachineTests {
    typealias Need = AdmissionMachine.Need

    /// One step of a table: what is asked, and what must come of it.
    enum Step: Sendable {
        case request(UInt64, [Need], isGranted: Bool)
        case release(Need, serves: [UInt64])
        case leave(UInt64, left: Bool, serves: [UInt64])
    }

    struct Table: Sendable, CustomTestStringConvertible {
        var name: String
        /// Capacity in events and bytes of each room.
        var rooms: [(Int, Int)]
        var steps: [Step]
        /// Events in each room at the end.
        var left: [Int]

        var testDescription: String { name }
    }

    static func need(_ room: Int, _ events: Int, _ bytes: Int = 0) -> Need {
        Need(room: room, events: events, bytes: bytes)
    }

    static let tables = [
        Table(
            name: "events fill a room to its last place",
            rooms: [(10, .max)],
            steps: [
                .request(0, [need(0, 6)], isGranted: true), .request(1, [need(0, 4)], isGranted: true),
                .request(2, [need(0, 1)], isGranted: false), .release(need(0, 1), serves: [2]),
            ],
            left: [10]
        ),
        Table(
            name: "bytes fill a room to the last one",
            rooms: [(10, 100)],
            steps: [
                .request(0, [need(0, 1, 60)], isGranted: true), .request(1, [need(0, 1, 41)], isGranted: false),
                .release(need(0, 0, 1), serves: [1]),
            ],
            left: [2]
        ),
        Table(
            name: "all rooms or none",
            rooms: [(10, .max), (5, .max)],
            steps: [
                .request(0, [need(1, 5)], isGranted: true),
                .request(1, [need(0, 1), need(1, 1)], isGranted: false),
                .leave(1, left: true, serves: []),
                .request(2, [need(0, 10)], isGranted: true),
            ],
            left: [10, 5]
        ),
        Table(
            name: "order of arrival: a small one does not pass a large one",
            rooms: [(10, .max)],
            steps: [
                .request(0, [need(0, 8)], isGranted: true), .request(1, [need(0, 5)], isGranted: false),
                .request(2, [need(0, 1)], isGranted: false), .release(need(0, 2), serves: []),
                .release(need(0, 1), serves: [1]), .release(need(0, 1), serves: [2]),
            ],
            left: [10]
        ),
        Table(
            name: "waiters without a common channel do not hold each other up",
            rooms: [(5, .max), (5, .max), (5, .max)],
            steps: [
                .request(0, [need(0, 5)], isGranted: true), .request(1, [need(0, 1), need(1, 1)], isGranted: false),
                .request(2, [need(2, 5)], isGranted: true), .request(3, [need(1, 1)], isGranted: false),
                .request(4, [need(2, 1)], isGranted: false), .release(need(2, 1), serves: [4]),
                .release(need(0, 5), serves: [1, 3]),
            ],
            left: [1, 2, 5]
        ),
        Table(
            name: "oversized: alone when empty, and it waits its turn",
            rooms: [(10, 100)],
            steps: [
                .request(0, [need(0, 50, 10)], isGranted: true), .request(1, [need(0, 1, 1)], isGranted: false),
                .release(need(0, 49, 0), serves: [1]), .request(2, [need(0, 1, 500)], isGranted: false),
                .request(3, [need(0, 1, 1)], isGranted: false), .release(need(0, 1, 10), serves: []),
                .release(need(0, 1, 1), serves: [2]), .release(need(0, 1, 500), serves: [3]),
            ],
            left: [1]
        ),
        Table(
            name: "leaving serves those behind; twice is no leaving",
            rooms: [(10, .max)],
            steps: [
                .request(0, [need(0, 5)], isGranted: true), .request(1, [need(0, 6)], isGranted: false),
                .request(2, [need(0, 3)], isGranted: false), .request(3, [need(0, 2)], isGranted: false),
                .leave(1, left: true, serves: [2, 3]), .leave(1, left: false, serves: []),
                .leave(2, left: false, serves: []), .leave(0, left: false, serves: []),
            ],
            left: [10]
        ),
        Table(
            name: "one release serves several",
            rooms: [(10, .max)],
            steps: [
                .request(0, [need(0, 10)], isGranted: true), .request(1, [need(0, 3)], isGranted: false),
                .request(2, [need(0, 3)], isGranted: false), .request(3, [need(0, 5)], isGranted: false),
                .release(need(0, 10), serves: [1, 2]),
            ],
            left: [6]
        ),
    ]

    @Test(arguments: tables)
    func table(_ table: Table) {
        var machine = AdmissionMachine()
        for (events, bytes) in table.rooms { _ = machine.addRoom(capacity: events, byteCapacity: bytes) }
        for (index, step) in table.steps.enumerated() {
            switch step {
            case .request(let id, let needs, let isGranted):
                #expect(machine.request(id, needs) == isGranted, "step \(index)")
            case .release(let need, let served):
                #expect(machine.release(need) == served, "step \(index)")
            case .leave(let id, let left, let served):
                let answer = machine.leave(id)
                #expect(answer.left == left, "step \(index)")
                #expect(answer.served == served, "step \(index)")
            }
        }
        #expect(table.rooms.indices.map { machine.events(in: $0) } == table.left)
    }

    /// Two plain lists, of what is granted and of who waits, say at every step what must and must not be.
    struct Model {
        struct Batch {
            var id: UInt64
            var needs: [Need]
        }

        let rooms: [(events: Int, bytes: Int)]
        var granted: [Batch] = []
        var waiting: [Batch] = []

        func used(_ room: Int) -> (events: Int, bytes: Int) {
            let needs = granted.flatMap(\.needs).filter { $0.room == room }
            return (needs.reduce(0) { $0 + $1.events }, needs.reduce(0) { $0 + $1.bytes })
        }

        func fits(_ batch: Batch) -> Bool {
            batch.needs.allSatisfy { need in
                let used = used(need.room)
                if used == (0, 0) { return true }
                return used.events + need.events <= rooms[need.room].events
                    && used.bytes + need.bytes <= rooms[need.room].bytes
            }
        }

        static func share(_ first: Batch, _ second: Batch) -> Bool {
            first.needs.contains { mine in second.needs.contains { $0.room == mine.room } }
        }

        /// Whether the one at `index` may go now: nobody before it shares a channel, and it fits.
        func isFree(at index: Int) -> Bool {
            fits(waiting[index]) && !waiting[..<index].contains { Self.share($0, waiting[index]) }
        }

        mutating func serve(_ id: UInt64) -> Bool {
            guard let index = waiting.firstIndex(where: { $0.id == id }), isFree(at: index) else { return false }
            granted.append(waiting.remove(at: index))
            return true
        }
    }

    @Test(.ownThread) func randomStepsAgainstPlainLists() throws {
        var random = SeededGenerator.announced("admission")
        for _ in 0..<20 {
            let rooms = (0..<Int.random(in: 1...4, using: &random)).map { _ in
                (events: Int.random(in: 1...30, using: &random), bytes: Int.random(in: 10...300, using: &random))
            }
            var machine = AdmissionMachine()
            for room in rooms { _ = machine.addRoom(capacity: room.events, byteCapacity: room.bytes) }
            var model = Model(rooms: rooms)
            var nextID: UInt64 = 0
            for step in 0..<600 {
                let served: [UInt64]
                let dice = step < 500 ? Int.random(in: 0..<10, using: &random) : 9
                if dice < 5 {
                    let chosen = rooms.indices.shuffled(using: &random).prefix(
                        Int.random(in: 1...rooms.count, using: &random)
                    )
                    let scale = Int.random(in: 0..<20, using: &random) == 0 ? 10 : 1
                    let events = Int.random(in: 1...12, using: &random) * scale
                    let bytes = Int.random(in: 0...120, using: &random) * scale
                    let batch = Model.Batch(
                        id: nextID,
                        needs: chosen.map { Need(room: $0, events: events, bytes: bytes) }
                    )
                    nextID += 1
                    model.waiting.append(batch)
                    let isFree = model.isFree(at: model.waiting.count - 1)
                    let isGranted = machine.request(batch.id, batch.needs)
                    try #require(isGranted == isFree)
                    served = isGranted ? [batch.id] : []
                } else if dice == 5, !model.waiting.isEmpty {
                    let index = model.waiting.indices.randomElement(using: &random) ?? 0
                    let answer = machine.leave(model.waiting[index].id)
                    try #require(answer.left)
                    model.waiting.remove(at: index)
                    served = answer.served
                } else if let index = model.granted.indices.randomElement(using: &random) {
                    // A piece of one batch leaves one of its channels.
                    var need = model.granted[index].needs[0]
                    if need.events > 1, Bool.random(using: &random) {
                        let part = Need(room: need.room, events: 1, bytes: need.bytes / need.events)
                        need.events -= part.events
                        need.bytes -= part.bytes
                        model.granted[index].needs[0] = need
                        served = machine.release(part)
                    } else {
                        model.granted[index].needs.removeFirst()
                        if model.granted[index].needs.isEmpty { model.granted.remove(at: index) }
                        served = machine.release(need)
                    }
                } else {
                    served = []
                }
                for id in served {
                    let isRight = model.serve(id)
                    try #require(isRight, "\(id) was served out of turn or without room")
                }
                for index in model.waiting.indices {
                    try #require(!model.isFree(at: index), "a waiter was left waiting")
                }
                for (index, room) in rooms.enumerated() {
                    let used = model.used(index)
                    try #require(machine.events(in: index) == used.events)
                    let batches = model.granted.filter { $0.needs.contains { $0.room == index } }
                    try #require((used.events <= room.events && used.bytes <= room.bytes) || batches.count == 1)
                }
            }
            while let batch = model.granted.popLast() {
                for need in batch.needs {
                    for id in machine.release(need) {
                        guard let index = model.waiting.firstIndex(where: { $0.id == id }) else { continue }
                        model.granted.append(model.waiting.remove(at: index))
                    }
                }
            }
            try #require(model.waiting.isEmpty)
            try #require(rooms.indices.allSatisfy { machine.events(in: $0) == 0 })
        }
    }
}
