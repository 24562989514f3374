import Events
import Foundation
import Logging
import NIOCore
import Testing

@testable import AvroRPC

/// A program's logs as events at a real server.
@Suite(.timeLimit(.minutes(1))) struct LogShipperTests {
    private func logger(_ shipper: LogShipper, _ label: String = "app.orders") -> Logger {
        Logger(label: label) { shipper.handler(label: $0, level: .trace) }
    }

    private static func events(_ rig: ClientRig) -> [Event] {
        rig.services[0].log.now.calls.flatMap(\.batch.events)
    }

    @Test func headersAndBody() async throws {
        let rig = try await ClientRig.start(1)
        let client = try rig.client([:])
        var settings = LogShipper.Settings()
        settings.address = "10.1.2.3"
        let shipper = LogShipper(client: client, settings: settings)
        async let shipping: Void = shipper.run()
        var logger = logger(shipper)
        logger[metadataKey: "request"] = "r1"
        logger.warning("slow", metadata: ["ms": "120", "by": "db"])
        shipper.close()
        await shipping
        let events = Self.events(rig)
        try #require(events.count == 1)
        #expect(String(buffer: events[0].body) == "slow by=db ms=120 request=r1")
        var headers = events[0].headers
        let time = try #require(headers.removeValue(forKey: "flume.client.log4j.timestamp").flatMap { Int($0) })
        #expect(time > 1_500_000_000_000)
        #expect(
            headers == [
                "flume.client.log4j.logger.name": "app.orders", "flume.client.log4j.log.level": "30000",
                "flume.client.log4j.message.encoding": "UTF8", "flume.client.log4j.address": "10.1.2.3",
            ]
        )
        #expect(shipper.shippedCount == 1)
        #expect(shipper.droppedCount == 0)
        await client.close()
        await rig.stop()
    }

    /// log4j's numbers.
    @Test(arguments: zip(Logger.Level.allCases, [5_000, 10_000, 20_000, 25_000, 30_000, 40_000, 50_000]))
    func levels(level: Logger.Level, number: Int) async throws {
        let rig = try await ClientRig.start(1)
        let client = try rig.client([:])
        let shipper = LogShipper(client: client)
        async let shipping: Void = shipper.run()
        logger(shipper).log(level: level, "x")
        shipper.close()
        await shipping
        #expect(Self.events(rig).map { $0.headers["flume.client.log4j.log.level"] } == ["\(number)"])
        #expect(Self.events(rig).allSatisfy { $0.headers["flume.client.log4j.address"] == nil })
        await client.close()
        await rig.stop()
    }

    @Test func manyThreads() async throws {
        let rig = try await ClientRig.start(1)
        let client = try rig.client([:])
        let shipper = LogShipper(client: client)
        async let shipping: Void = shipper.run()
        await withTaskGroup(of: Void.self) { tasks in
            for task in 0..<8 {
                let logger = logger(shipper, "t\(task)")
                tasks.addTask { for number in 0..<500 { logger.info("\(number)") } }
            }
        }
        shipper.close()
        await shipping
        let bodies = Dictionary(grouping: Self.events(rig)) { $0.headers["flume.client.log4j.logger.name"] ?? "" }
        #expect(bodies.count == 8)
        for events in bodies.values { #expect(events.map { String(buffer: $0.body) } == (0..<500).map { "\($0)" }) }
        await client.close()
        await rig.stop()
    }

    @Test func aFullQueueDrops() async throws {
        let rig = try await ClientRig.start(1)
        let client = try rig.client([:])
        var settings = LogShipper.Settings()
        settings.capacity = 10
        let shipper = LogShipper(client: client, settings: settings)
        let logger = logger(shipper)
        for number in 0..<25 { logger.info("\(number)") }
        #expect(shipper.droppedCount == 15)
        #expect(shipper.queuedCount == 10)
        shipper.close()
        await shipper.run()
        #expect(rig.bodies[0] == (0..<10).map { "\($0)" })
        logger.info("after the end")
        #expect(shipper.droppedCount == 16)
        await client.close()
        await rig.stop()
    }

    /// Its thread waits for room and loses nothing; when its patience ends, the record is dropped.
    @Test func aFullQueueBlocks() async throws {
        let rig = try await ClientRig.start(1)
        let client = try rig.client([:])
        var settings = LogShipper.Settings()
        settings.capacity = 10
        settings.overflow = .block(.seconds(60))
        let shipper = LogShipper(client: client, settings: settings)
        let logger = logger(shipper)
        let queue = DispatchedWork()
        queue.start { for number in 0..<200 { logger.info("\(number)") } }
        async let shipping: Void = shipper.run()
        await queue.end()
        shipper.close()
        await shipping
        #expect(rig.bodies[0] == (0..<200).map { "\($0)" })
        #expect(shipper.droppedCount == 0)

        settings.overflow = .block(.milliseconds(50))
        let impatient = LogShipper(client: client, settings: settings)
        let other = self.logger(impatient)
        let late = DispatchedWork()
        late.start { for number in 0..<12 { other.info("\(number)") } }
        await late.end()
        #expect(impatient.droppedCount == 2)
        await client.close()
        await rig.stop()
    }

    /// A source that refuses first: kept until it takes it, or given up in unsafe mode.
    @Test(arguments: [true, false]) func aSourceThatRefuses(isUnsafe: Bool) async throws {
        let rig = try await ClientRig.start([{ index, _ in index < 2 ? .failed : .ok }])
        let client = try rig.client([:])
        var settings = LogShipper.Settings()
        settings.isUnsafe = isUnsafe
        let shipper = LogShipper(client: client, settings: settings)
        async let shipping: Void = shipper.run()
        let logger = logger(shipper)
        for number in 0..<3 {
            logger.info("\(number)")
            await rig.services[0].log.wait { $0.calls.count > number }
        }
        await rig.services[0].log.wait { $0.calls.count >= 3 }
        while shipper.shippedCount + shipper.droppedCount < 3 { try await Task.sleep(for: .milliseconds(5)) }
        shipper.close()
        await shipping
        #expect(shipper.droppedCount == (isUnsafe ? 2 : 0))
        #expect(shipper.shippedCount == (isUnsafe ? 1 : 3))
        await client.close()
        await rig.stop()
    }

    @Test func aCancelledRunCountsWhatIsLeft() async throws {
        let rig = try await ClientRig.start([{ _, _ in nil }])
        let client = try rig.client(["batch-size": "1"])
        let shipper = LogShipper(client: client)
        let run = Task { await shipper.run() }
        let logger = logger(shipper)
        for number in 0..<5 { logger.info("\(number)") }
        await rig.services[0].log.wait { $0.calls.count == 1 }
        run.cancel()
        await run.value
        #expect(shipper.droppedCount == 5)
        rig.services[0].release(0)
        await client.close()
        await rig.stop()
    }
}

/// Work that blocks, on a thread of its own.
private final class DispatchedWork: Sendable {
    private let isDone = Watched(false)

    func start(_ work: @escaping @Sendable () -> Void) {
        let isDone = isDone
        Thread.start {
            work()
            isDone.change { $0 = true }
        }
    }

    func end() async {
        while !(await isDone.wait { $0 }) {}
    }
}
