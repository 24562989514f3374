import Events
import Logging
import NIOCore
import NIOEmbedded
import TestSupport
import Testing

@testable import Agent

/// A batch's way through the processor, in virtual time: everything here runs on the test's own thread.
@Suite struct ProcessorTests {
    private let loop = EmbeddedEventLoop()
    private let admission = Admission()
    private let counters = CounterGroup(kind: .source, name: "r")
    private let answers = Recorded<String>()

    private func rig(_ capacity: Int = 100, keepAlive: Duration = .seconds(3)) -> ChannelRig {
        ChannelRig(capacity: capacity, keepAlive: keepAlive, admission: admission)
    }

    private func processor(
        _ channels: [ChannelRig],
        optional: [ChannelRig] = [],
        interceptors: [any Interceptor] = [],
        mode: AcknowledgeMode = .stored
    ) -> ChannelProcessor {
        ChannelProcessor(
            interceptors: interceptors,
            required: channels.map(\.channel),
            optional: optional.map(\.channel),
            admission: admission,
            mode: mode,
            acknowledgeTimeout: .seconds(60),
            counters: counters,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    @discardableResult
    private func send(
        _ numbers: some Sequence<Int>,
        through processor: ChannelProcessor,
        timeLeft: TimeAmount? = nil
    ) -> Passage {
        processor.process(.numbered(numbers), timeLeft: timeLeft, on: loop) { [answers] answer in
            switch answer {
            case .acknowledged: answers.add("acknowledged")
            case .refused(let error) where error.code == .channelFull: answers.add("full")
            case .refused(let error) where error.code == .channelClosed: answers.add("closed")
            case .refused(let error): answers.add("refused: \(error)")
            }
        }
    }

    private func deliver(_ rig: ChannelRig, _ limit: Int = 100) throws -> [Int] {
        let delivery = try rig.taken(limit)
        let numbers = delivery.batch.numbers
        delivery.finish(.delivered)
        return numbers
    }

    // MARK: Stored

    @Test func storedIsAcknowledgedWhenItLiesInEveryChannel() {
        let (first, second) = (rig(), rig())
        send(0..<3, through: processor([first, second]))
        #expect(answers.all == ["acknowledged"])
        #expect(first.drain() == [0, 1, 2])
        #expect(second.drain() == [0, 1, 2])
    }

    @Test func keepAliveRunsOutOnceForAllChannels() {
        let (full, free) = (rig(2, keepAlive: .seconds(1)), rig(keepAlive: .seconds(3)))
        full.put([7, 8])
        send(0..<3, through: processor([free, full]))
        loop.advanceTime(by: .milliseconds(2999))
        #expect(answers.all == [])
        loop.advanceTime(by: .milliseconds(1))
        #expect(answers.all == ["full"])
        #expect(free.channel.size == 0)
        #expect(full.drain() == [7, 8])
        loop.advanceTime(by: .seconds(100))
        #expect(full.channel.size == 0)
        #expect(answers.count == 1)
    }

    @Test func roomJustBeforeTheEndWins() throws {
        let rig = rig(2)
        rig.put([7, 8])
        send([1, 2], through: processor([rig]))
        loop.advanceTime(by: .milliseconds(2999))
        _ = try deliver(rig)
        #expect(answers.all == ["acknowledged"])
        loop.advanceTime(by: .seconds(10))
        #expect(answers.count == 1)
        #expect(rig.drain() == [1, 2])
    }

    @Test func theSendersTimeCountsWhereItIsLess() {
        let rig = rig(2)
        rig.put([7, 8])
        send([1], through: processor([rig]), timeLeft: .milliseconds(500))
        loop.advanceTime(by: .milliseconds(499))
        #expect(answers.all == [])
        loop.advanceTime(by: .milliseconds(1))
        #expect(answers.all == ["full"])
    }

    @Test func keepAliveOfZeroRefusesAtOnceAndHugeOnesAreNoTrap() {
        for (keepAlive, waits) in [(Duration.zero, false), (.seconds(Int64.max), true)] {
            let rig = rig(2, keepAlive: keepAlive)
            rig.put([7, 8])
            let before = answers.count
            send([1], through: processor([rig]))
            loop.advanceTime(by: .milliseconds(1))
            #expect((answers.count == before) == waits)
        }
    }

    /// Room comes between the request and the note that the batch waits: the put's own acknowledgement frees nothing, so
    /// the only sign of it is that no timer is left and the answer stands.
    @Test func roomThatComesBeforeTheWaitIsNoted() {
        let passage = Passage(eventLoop: loop) { [answers] _ in answers.add("answered") }
        let left = Recorded<Bool>()
        passage.admitted(until: loop.now + .seconds(5)) { left.add(true) }
        passage.wait(.seconds(1)) {
            left.add(false)
            return false
        }
        loop.advanceTime(by: .seconds(2))
        #expect(left.all == [])
        loop.advanceTime(by: .seconds(4))
        #expect(left.all == [true])
        passage.complete(.acknowledged)
        passage.complete(.acknowledged)
        passage.wait(.seconds(1)) { true }
        loop.advanceTime(by: .seconds(10))
        #expect(answers.all == ["answered"])
        #expect(left.all == [true])
    }

    // MARK: Optional channels and interceptors

    @Test func anOptionalChannelThatIsFullHoldsNobodyUp() {
        let (required, optional) = (rig(), rig(2))
        optional.put([7])
        let processor = processor([required], optional: [optional])
        send([1, 2], through: processor)
        send([3], through: processor)
        #expect(answers.all == ["acknowledged", "acknowledged"])
        #expect(required.drain() == [1, 2, 3])
        #expect(optional.drain() == [7, 3])
        #expect(counters.counter("OptionalChannelDropCount").value == 2)
    }

    @Test(arguments: [AcknowledgeMode.stored, .delivered])
    func onlyOptionalChannels(mode: AcknowledgeMode) {
        let optional = rig()
        send([1, 2], through: processor([], optional: [optional], mode: mode))
        #expect(answers.all == ["acknowledged"])
        #expect(optional.drain() == [1, 2])
    }

    private struct DropAll: Interceptor {
        func intercept(_ batch: EventBatch) -> EventBatch { EventBatch() }
    }

    private struct First: Interceptor {
        func intercept(_ batch: EventBatch) -> EventBatch { batch.slice(0..<1) }
    }

    @Test func interceptorsThatDropEverything() {
        let rig = rig()
        send([1, 2], through: processor([rig], interceptors: [DropAll()], mode: .delivered))
        #expect(answers.all == ["acknowledged"])
        #expect(rig.channel.size == 0)
    }

    @Test func interceptorsRunOnceAndCount() throws {
        let rig = rig()
        send([1, 2, 3], through: processor([rig], interceptors: [First()], mode: .delivered))
        #expect(try deliver(rig) == [1])
        #expect(answers.all == ["acknowledged"])
    }

    @Test func closedRefuses() {
        let rig = rig()
        let processor = processor([rig])
        processor.close()
        send([1], through: processor)
        #expect(answers.all == ["closed"])
    }

    @Test func oversizedIsCountedAndAlone() throws {
        let rig = rig(3)
        rig.put([0])
        send(1..<6, through: processor([rig]))
        #expect(answers.all == [])
        _ = try deliver(rig)
        #expect(answers.all == ["acknowledged"])
        #expect(counters.counter("OversizedBatchCount").value == 1)
        #expect(rig.drain() == [1, 2, 3, 4, 5])
    }

    // MARK: Delivered

    @Test func deliveredOverOneChannelInParts() throws {
        let rig = rig()
        send(0..<10, through: processor([rig], mode: .delivered))
        for _ in 0..<3 { _ = try deliver(rig, 3) }
        #expect(answers.all == [])
        let last = try rig.taken(3)
        last.finish(.notDelivered)
        #expect(answers.all == [])
        #expect(try deliver(rig, 3) == [9])
        #expect(answers.all == ["acknowledged"])
    }

    @Test func deliveredOverTwoChannels() throws {
        let (first, second) = (rig(), rig())
        send(0..<4, through: processor([first, second], mode: .delivered))
        _ = try deliver(first)
        #expect(answers.all == [])
        _ = try deliver(second)
        #expect(answers.all == ["acknowledged"])
        loop.advanceTime(by: .seconds(100))
        #expect(answers.count == 1)
    }

    @Test func timeRunsOutWithNothingHeld() throws {
        let (first, second) = (rig(), rig())
        first.put([100])
        send(0..<4, through: processor([first, second], mode: .delivered), timeLeft: .seconds(2))
        loop.advanceTime(by: .milliseconds(1999))
        #expect(answers.all == [])
        loop.advanceTime(by: .milliseconds(1))
        #expect(answers.all == ["full"])
        #expect(first.drain() == [100])
        #expect(second.isDry(1))
        #expect(second.channel.size == 0)
    }

    @Test(arguments: [true, false])
    func timeRunsOutWhileASinkHoldsIt(isDelivered: Bool) throws {
        let rig = rig()
        send(0..<4, through: processor([rig], mode: .delivered))
        let delivery = try rig.taken(10)
        loop.advanceTime(by: .seconds(61))
        #expect(answers.all == [])
        delivery.finish(isDelivered ? .delivered : .notDelivered)
        #expect(answers.all == [isDelivered ? "acknowledged" : "full"])
        #expect(rig.channel.size == 0)
        #expect(rig.isDry(1))
    }

    @Test func timeThatWasOverWhenRoomCame() throws {
        let rig = rig(2, keepAlive: .seconds(30))
        rig.put([7, 8])
        // Room comes at the very end of the sender's time, by another thread than the one that keeps it.
        send([1, 2], through: processor([rig], mode: .delivered), timeLeft: .seconds(1))
        loop.advanceTime(by: .milliseconds(999))
        _ = try deliver(rig)
        #expect(rig.channel.size == 2)
        loop.advanceTime(by: .milliseconds(1))
        #expect(answers.all == ["full"])
        #expect(rig.channel.size == 0)
    }

    @Test func abandonedInLine() throws {
        let rig = rig(2)
        rig.put([7, 8])
        let passage = send([1, 2], through: processor([rig], mode: .delivered))
        passage.abandon()
        #expect(rig.drain() == [7, 8])
        #expect(rig.channel.size == 0)
    }

    @Test func abandonedInTheQueue() {
        let rig = rig()
        let passage = send([1, 2], through: processor([rig], mode: .delivered))
        passage.abandon()
        #expect(rig.isDry(1))
        #expect(rig.channel.size == 0)
        loop.advanceTime(by: .seconds(100))
        #expect(answers.count <= 1)
    }

    @Test func abandonedWhileHeld() throws {
        let rig = rig()
        let passage = send(0..<4, through: processor([rig], mode: .delivered))
        let delivery = try rig.taken(2)
        passage.abandon()
        #expect(rig.channel.size == 2)
        delivery.finish(.notDelivered)
        #expect(rig.isDry(1))
        #expect(rig.channel.size == 0)
    }

    /// A sender that left just as its room was granted: its batch must not stay behind for others' sinks.
    @Test func abandonedWhileItsRoomIsGranted() throws {
        let rig = rig(2)
        let passages = Recorded<Passage>()
        rig.put([7, 8])
        let waker = ChannelWaker { for passage in passages.all { passage.abandon() } }
        let delivery = try rig.taken(2)
        #expect(rig.isDry(1, waking: waker))
        passages.add(send([1, 2], through: processor([rig], mode: .delivered)))
        delivery.finish(.delivered)
        #expect(rig.isDry(1))
        #expect(rig.channel.size == 0)
        loop.advanceTime(by: .seconds(100))
        #expect(answers.all == ["full"])
    }

    /// Does something while it is put into, and forgets what it got.
    private final class Interruption: Agent.Channel {
        let room: ChannelRoom? = nil
        let keepAlive = Duration.zero
        let transactionCapacity = 1
        let size = 0
        let trouble: String? = nil
        let interrupt: @Sendable () -> Void

        init(_ interrupt: @escaping @Sendable () -> Void) { self.interrupt = interrupt }

        func start() async throws(ComponentError) {}
        func put(
            _ batch: EventBatch,
            grant: RoomGrant,
            custody: Custody?,
            stored: @escaping @Sendable (Result<Void, ComponentError>) -> Void
        ) {
            interrupt()
            custody?.delivered(batch.count)
            stored(.success(()))
        }
        func take(upTo limit: Int, atLeast minimum: Int, waking waker: ChannelWaker) -> Delivery? { nil }
        func finish(_ ticket: UInt64, _ end: DeliveryEnd) {}
        func withdraw(_ custody: Custody) -> Int { 0 }
        func stop(deadline: NIODeadline) async -> Int { 0 }
    }

    /// Between the puts of one batch into two channels its time runs out: the second must not keep it.
    @Test func timeRunsOutBetweenTwoPuts() {
        let rig = rig()
        let first = Interruption { [loop] in loop.advanceTime(by: .seconds(2)) }
        let processor = ChannelProcessor(
            interceptors: [],
            required: [first, rig.channel],
            optional: [],
            admission: admission,
            mode: .delivered,
            acknowledgeTimeout: .seconds(1),
            counters: counters,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        send([1, 2], through: processor)
        loop.advanceTime(by: .milliseconds(1))
        #expect(rig.isDry(1))
        #expect(rig.channel.size == 0)
        #expect(answers.all == ["full"])
    }

    @Test func aStoppedChannelAnswers() async {
        let rig = rig()
        send([1, 2], through: processor([rig], mode: .delivered))
        let lost = await rig.channel.stop()
        #expect(lost == 0)
        #expect(answers.all == ["full"])
    }
}
