import AvroRPC
import Events
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import TestSupport

/// A client in good order that sends numbered events all the time, one batch after the other on one connection.
final class GoodClient: Sendable {
    struct Tally: Sendable {
        var sent = 0
        var acknowledged: [Int] = []
        var troubles: [String] = []
    }

    private static let batch = 5

    private let first: Int
    private let state = NIOLockedValueBox(Tally())
    private let isOver = NIOLockedValueBox(false)

    /// - Parameter first: the number of its first event.
    init(first: Int) {
        self.first = first
    }

    var tally: Tally { state.withLockedValue { $0 } }

    /// No new batch from now on.
    func finish() { isOver.withLockedValue { $0 = true } }

    /// Until `finish`, or until something goes wrong.
    func run(_ port: HostileInput.Port, _ target: HostileTarget) async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let (events, sink) = AsyncStream<RPCClientEvent>.makeStream()
        var settings = RPCClientSettings()
        settings.requestTimeout = .seconds(30)
        let handler = try await RPCClientConnection.connect(
            host: "localhost",
            port: target.ports[port] ?? 0,
            tls: port == .tls ? target.tls : nil,
            settings: settings,
            on: loop
        ) { sink.yield($0) }.get()
        var number: UInt64 = 0
        func send() async throws {
            let numbers = state.withLockedValue { state in
                defer { state.sent += Self.batch }
                return (first + state.sent)..<(first + state.sent + Self.batch)
            }
            var builder = EventBatchBuilder()
            for number in numbers { builder.append(body: "good \(number)") }
            let (batch, current) = (builder.finish(), number)
            try await loop.submit { handler.value.send(batch, number: current, deadline: nil) }.get()
        }
        try await send()
        for await event in events {
            switch event {
            case .settled(number, .success):
                state.withLockedValue { state in
                    state.acknowledged += (first + state.sent - Self.batch)..<(first + state.sent)
                }
                if isOver.withLockedValue({ $0 }) {
                    loop.execute { handler.value.close() }
                    return
                }
                try await Task.sleep(for: .milliseconds(2))
                number += 1
                try await send()
            case .settled(_, .failure(let error)), .closed(let error):
                state.withLockedValue { $0.troubles.append("\(error)") }
                return
            default: continue
            }
        }
    }
}
