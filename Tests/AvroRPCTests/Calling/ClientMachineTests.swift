import Events
import NIOCore
import Testing

@testable import AvroRPC

/// The client's machine on a clock that the test sets.
@Suite struct ClientMachineTests {
    /// An action in a form that can be compared.
    enum Seen: Hashable {
        case send(PlainFrame)
        case opened
        case settled(UInt64, RPCError.Code?)
        case pong
        case ignored
        case close(RPCError.Code)
    }

    /// A machine, and the time.
    struct Client {
        var machine: RPCClientMachine
        var now = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

        init(named: [(String, [UInt8])]?, settings: RPCClientSettings = RPCClientSettings(), isEncrypted: Bool = false)
        {
            machine = RPCClientMachine(settings: settings, isEncrypted: isEncrypted)
            _ = machine.begin()
            let meta: [UInt8] = named.map { [2] + Plain.map($0) } ?? [0]
            #expect(receive(PlainFrame(1, [0, 0, 0] + meta)) == .opened)
        }

        private static func seen(_ action: RPCClientMachine.Action) -> Seen {
            switch action {
            case .send(let bytes): .send(PlainFrame.parse(bytes.allBytes).frames[0])
            case .opened: .opened
            case .settled(let number, .success): .settled(number, nil)
            case .settled(let number, .failure(let error)): .settled(number, error.code)
            case .pong: .pong
            case .ignored: .ignored
            case .close(let error): .close(error.code)
            }
        }

        @discardableResult
        mutating func receive(_ frame: PlainFrame) -> Seen {
            let message = ByteBuffer(bytes: frame.joined)
            return Self.seen(machine.receive(Frame(serial: frame.serial, first: message, rest: nil), now: now))
        }

        /// Sends a batch and gives the frame as it goes out.
        @discardableResult
        mutating func send(
            _ number: UInt64,
            _ batch: EventBatch = .small(),
            deadline: NIODeadline? = nil
        ) -> PlainFrame {
            let (head, tail) = machine.send(number, batch, deadline: deadline, now: now)
            let bytes = head.allBytes + batch.bytes.allBytes + tail.allBytes
            let (frames, end) = PlainFrame.parse(bytes)
            #expect(end == bytes.count && frames.count == 1)
            return frames.first ?? PlainFrame(0)
        }

        mutating func check() -> [Seen] { machine.check(now: now).map(Self.seen) }

        mutating func wait(_ time: TimeAmount) { now = now + time }
    }

    /// What a server of ours says of itself.
    static func naming(calls: String = "8", bytes: String = "67108864") -> [(String, [UInt8])] {
        [
            ("tributary", Array("1".utf8)), ("tributary.process", Array(repeating: 3, count: 16)),
            ("tributary.acknowledge", Array("stored".utf8)), ("tributary.calls", Array(calls.utf8)),
            ("tributary.bytes", Array(bytes.utf8)),
        ]
    }

    @Test func theFirstFrame() throws {
        var machine = RPCClientMachine(settings: RPCClientSettings(), isEncrypted: false)
        let frames = PlainFrame.parse(machine.begin().allBytes).frames
        let meta = [2] + Plain.map(Plain.naming)
        #expect(
            frames.map(\.oneBuffer)
                == [PlainFrame(1, Plain.released + [0] + Plain.released + meta + Plain.ping)]
        )
        #expect(!machine.isOpen)
        #expect(!machine.hasRoom(for: 1))
    }

    @Test func whatANamedPeerSays() {
        let client = Client(named: Self.naming(calls: "5", bytes: "77"))
        #expect(
            client.machine.peer
                == PeerDescription(
                    process: Array(repeating: 3, count: 16),
                    acknowledge: "stored",
                    calls: 5,
                    bytes: 77
                )
        )
        #expect(Client(named: nil).machine.peer == nil)
        #expect(Client(named: [("a", [1])]).machine.peer == nil)
        // Words that are no numbers, or none that could be kept: as if nothing had been said.
        for calls in ["", "0", "-1", "x", "99999999999999999999"] {
            #expect(Client(named: Self.naming(calls: calls)).machine.peer == nil, "calls \(calls)")
            #expect(Client(named: Self.naming(bytes: calls)).machine.peer == nil, "bytes \(calls)")
        }
    }

    /// How many small calls fit.
    private func room(_ client: inout Client) -> Int {
        var count = 0
        while count < 100, client.machine.hasRoom(for: 20) {
            client.send(UInt64(count))
            count += 1
        }
        return count
    }

    @Test func windows() {
        for (named, window, expected) in [
            (nil, nil, 1), (nil, 3, 3), (Self.naming(), nil, 8), (Self.naming(), 1, 1), (Self.naming(), 20, 8),
            (Self.naming(calls: "20"), 20, 20), (Self.naming(calls: "20"), nil, 8), (Self.naming(calls: "2"), nil, 2),
        ] as [([(String, [UInt8])]?, Int?, Int)] {
            var settings = RPCClientSettings()
            settings.window = window
            var client = Client(named: named, settings: settings)
            #expect(room(&client) == expected, "window \(window.map(String.init) ?? "unset")")
            #expect(client.machine.inFlight == expected)
            // An answer makes room for one, whichever it is to.
            client.receive(PlainFrame(Int32(1 + expected), Plain.ok))
            #expect(room(&client) == 1)
        }
    }

    @Test func toldBytes() {
        var client = Client(named: Self.naming(bytes: "100"))
        // One call of any size where nothing else is open.
        #expect(client.machine.hasRoom(for: 1_000))
        let batch = EventBatch.small(String(repeating: "x", count: 40))
        let size = batch.bytes.readableBytes
        #expect(size == 50)
        client.send(1, batch)
        #expect(client.machine.hasRoom(for: 100 - size))
        #expect(!client.machine.hasRoom(for: 101 - size))
        client.receive(PlainFrame(2, Plain.ok))
        #expect(client.machine.hasRoom(for: 1_000))
    }

    @Test func repliesInAnyOrder() {
        var client = Client(named: Self.naming())
        for number in UInt64(10)...13 { client.send(number) }
        #expect(client.receive(PlainFrame(4, Plain.ok)) == .settled(12, nil))
        #expect(client.receive(PlainFrame(2, Plain.failed)) == .settled(10, .refused))
        #expect(client.receive(PlainFrame(4, Plain.ok)) == .ignored, "answered already")
        #expect(client.receive(PlainFrame(99, Plain.ok)) == .ignored)
        #expect(client.receive(PlainFrame(-1, Plain.ok)) == .ignored)
        #expect(client.receive(PlainFrame(5, Plain.error("x"))) == .settled(13, .remoteError))
        #expect(client.machine.inFlight == 1)
        #expect(client.machine.end() == [11])
    }

    /// The call whose answer cannot be read has no other.
    @Test func anUnreadableAnswerSettlesItsCallToo() {
        for answer in [[], [0], [0, 0], [0, 2], [0, 1, 0, 20], [0, 0, 6], [0, 0, 1], [1]] as [[UInt8]] {
            var client = Client(named: Self.naming())
            for number in UInt64(1)...3 { client.send(number) }
            #expect(client.receive(PlainFrame(3, answer)) == .close(.protocolViolation), "\(answer)")
            #expect(client.machine.end() == [1, 2, 3], "\(answer)")
        }
    }

    @Test func aLateCallFailsAlone() {
        var settings = RPCClientSettings()
        settings.window = 4
        var client = Client(named: nil, settings: settings)
        client.send(1)
        client.wait(.seconds(19))
        client.send(2)
        client.wait(.milliseconds(999))
        #expect(client.check() == [])
        client.wait(.milliseconds(1))
        #expect(client.check() == [.settled(1, .timedOut)])
        #expect(client.check() == [])
        // As Java's client, it is done with this connection once its neighbours have their answers.
        #expect(!client.machine.hasRoom(for: 1))
        #expect(client.receive(PlainFrame(2, Plain.ok)) == .ignored, "too late")
        #expect(client.receive(PlainFrame(3, Plain.ok)) == .settled(2, nil))
        #expect(client.check() == [.close(.timedOut)])
    }

    @Test func theOnlyCallsTimeOutEndsTheConnection() {
        var client = Client(named: nil)
        client.send(1)
        client.wait(.seconds(20))
        #expect(client.check() == [.settled(1, .timedOut), .close(.timedOut)])
        #expect(client.machine.end() == [])
    }

    @Test func aNamedPeersLateCallFailsAloneAndTheConnectionLives() {
        var settings = RPCClientSettings()
        settings.acknowledgeTimeout = .seconds(5)
        var client = Client(named: Self.naming(), settings: settings)
        client.send(1)
        client.wait(.seconds(1))
        client.send(2)
        // Told 5 s, and 20 s of grace for what a sink holds.
        for _ in 0..<23 {
            client.wait(.seconds(1))
            for action in client.check() {
                guard case .send(let ping) = action else {
                    Issue.record("\(action)")
                    return
                }
                #expect(ping.joined == Plain.ping)
                #expect(client.receive(PlainFrame(ping.serial, [])) == .pong)
            }
        }
        client.wait(.seconds(1))
        #expect(client.check().first == .settled(1, .timedOut))
        #expect(client.machine.hasRoom(for: 1))
        #expect(client.receive(PlainFrame(2, Plain.ok)) == .ignored, "too late")
        #expect(client.receive(PlainFrame(3, Plain.ok)) == .settled(2, nil))
        #expect(client.machine.hasRoom(for: 1))
        #expect(client.check() == [])
    }

    @Test func pingsEveryTwoSecondsUntilThePeerIsDead() {
        var client = Client(named: Self.naming())
        client.wait(.seconds(100))
        #expect(client.check() == [], "nothing is asked while nothing is open")
        client.send(1)
        var pings: [Int] = []
        for step in 1...39 {
            client.wait(.milliseconds(250))
            for action in client.check() {
                guard case .send = action else {
                    Issue.record("\(action) at \(step)")
                    return
                }
                pings.append(step)
            }
        }
        #expect(pings == [8, 16, 24, 32])
        client.wait(.milliseconds(250))
        #expect(client.check() == [.close(.timedOut)])
        #expect(client.machine.end() == [1])
    }

    @Test func answeredPingsKeepItAlive() {
        var client = Client(named: Self.naming())
        client.send(1)
        var pings = 0
        for _ in 0..<240 {
            client.wait(.milliseconds(250))
            for action in client.check() {
                guard case .send(let ping) = action else {
                    Issue.record("\(action)")
                    return
                }
                pings += 1
                #expect(client.receive(PlainFrame(ping.serial, [])) == .pong)
            }
        }
        #expect(pings == 30)
        #expect(client.receive(PlainFrame(2, Plain.ok)) == .settled(1, nil))
    }

    @Test func anUnnamedPeerIsNotPinged() {
        var client = Client(named: nil)
        client.send(1)
        for _ in 0..<79 {
            client.wait(.milliseconds(250))
            #expect(client.check() == [])
        }
    }

    /// A long silence before the ping is no sign of death.
    @Test func aPingAfterAQuietHour() {
        var client = Client(named: Self.naming())
        client.wait(.hours(1))
        let ping = client.machine.ping(now: client.now)
        #expect(client.check() == [])
        client.wait(.milliseconds(250))
        #expect(client.check() == [])
        #expect(client.receive(PlainFrame(PlainFrame.parse(ping.allBytes).frames[0].serial, [])) == .pong)
        #expect(client.machine.inFlight == 0)
    }

    @Test func aPingThatIsNotAnswered() {
        var named = Client(named: Self.naming())
        _ = named.machine.ping(now: named.now)
        named.wait(.seconds(10))
        #expect(named.check() == [.close(.timedOut)])
        var other = Client(named: nil)
        _ = other.machine.ping(now: other.now)
        other.wait(.seconds(20))
        #expect(other.check().first == .close(.timedOut))
    }

    /// The milliseconds told in a call.
    private func left(_ frame: PlainFrame) -> Int32? {
        var reader = PlainReader(frame.joined)
        guard let word = reader.map()?["tributary.left"], word.count == 4 else { return nil }
        return Int32(bitPattern: word.reduce(0) { $0 << 8 | UInt32($1) })
    }

    @Test func timeLeftIsTheLesser() {
        var client = Client(named: Self.naming())
        #expect(left(client.send(1)) == 60_000)
        #expect(left(client.send(2, deadline: client.now + .seconds(7))) == 7_000)
        #expect(left(client.send(3, deadline: client.now + .seconds(70))) == 60_000)
        client.wait(.seconds(1))
        #expect(left(client.send(4, deadline: client.now - .seconds(700))) == 0)
        #expect(client.check() == [], "a call is given the time that its sink may hold it")
        var other = Client(named: nil)
        #expect(left(other.send(1, deadline: other.now + .seconds(7))) == nil)
    }

    @Test func theConnectionsEndInOrder() {
        var client = Client(named: Self.naming())
        for number in [7, 5, 6] as [UInt64] { client.send(number) }
        _ = client.machine.ping(now: client.now)
        #expect(client.machine.end() == [7, 5, 6])
        #expect(client.machine.end() == [])
        #expect(!client.machine.hasRoom(for: 1))
        #expect(client.receive(PlainFrame(2, Plain.ok)) == .ignored)
    }
}
