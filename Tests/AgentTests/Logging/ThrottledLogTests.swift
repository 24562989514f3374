import Logging
import NIOCore
import Synchronization
import Testing

@testable import Agent

@Suite struct ThrottledLogTests {
    private final class TestClock: Sendable {
        private let seconds = Atomic<Int>(1000)
        var now: NIODeadline { .uptimeNanoseconds(UInt64(seconds.load(ordering: .relaxed)) * 1_000_000_000) }
        func advance(seconds amount: Int) { seconds.add(amount, ordering: .relaxed) }
    }

    private let folder: ScratchFolder
    private let clock = TestClock()
    private let log: ThrottledLog

    init() throws {
        let folder = try ScratchFolder()
        let clock = clock
        let destination = LogDestination(file: LogFileSettings(path: "\(folder.path)/log"))
        let logger = Logger(label: "k1") { label in
            FlumeLogHandler(label: label, level: .info, destinations: [destination]) { LogLineTests.time }
        }
        self.folder = folder
        log = ThrottledLog(logger) { clock.now }
    }

    private var lines: [String] {
        (folder.text("log") ?? "").split(separator: "\n").map { String($0.dropFirst(24)) }
    }

    @Test func tellsTheFirstAndCountsTheRest() {
        log.warning("broker away", metadata: ["n": "1"])
        for _ in 0..<5 { log.warning("broker away") }
        clock.advance(seconds: 59)
        log.warning("broker away")
        #expect(lines == ["WARN  [k1] broker away n=1"])
        clock.advance(seconds: 1)
        log.warning("broker away", metadata: ["n": "8"])
        log.warning("broker away")
        clock.advance(seconds: 60)
        log.warning("broker away")
        clock.advance(seconds: 600)
        log.warning("broker away")
        #expect(
            lines == [
                "WARN  [k1] broker away n=1", "WARN  [k1] broker away n=8 suppressed=6",
                "WARN  [k1] broker away suppressed=1", "WARN  [k1] broker away",
            ]
        )
    }

    @Test func tellsKeysApart() {
        log.warning("away", key: "a", metadata: ["peer": "a"])
        log.warning("away", key: "b", metadata: ["peer": "b"])
        log.log(.error, "gone", key: "a")
        log.log(.debug, "not logged at all", key: "c")
        log.log(.info, "logged", key: "c")
        #expect(lines == ["WARN  [k1] away peer=a", "WARN  [k1] away peer=b", "INFO  [k1] logged"])
    }

    @Test func forgetsTheOldestOfManyKeys() {
        var throttle = Throttle(interval: .seconds(60))
        for number in 0...Throttle.mostKeys {
            #expect(throttle.admit("key \(number)", now: .uptimeNanoseconds(UInt64(number))) == 0)
        }
        let now = NIODeadline.uptimeNanoseconds(1_000_000)
        #expect(throttle.admit("key 1", now: now) == nil)
        #expect(throttle.admit("key \(Throttle.mostKeys)", now: now) == nil)
        #expect(throttle.admit("key 0", now: now) == 0)
    }
}
