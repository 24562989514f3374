internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// Says who may connect by `AddressRules`; what has to be looked up is looked up on threads of its own, within a time
/// limit, and kept for a while. Where a look-up comes to nothing, the address stands for the name, as in Java.
final class AddressFilter: Sendable {
    enum Answer {
        case known(Bool)
        case asked(EventLoopFuture<Bool>)
    }

    /// How long a look-up is waited for: glibc's resolver asks a server for 5 s before it asks the next.
    static let patience = TimeAmount.seconds(5)
    /// How long an answer is kept.
    static let keep = TimeAmount.minutes(1)
    /// Answers that are kept, and look-ups that may wait.
    static let most = 4_096

    private struct State {
        var known: [String: (facts: AddressRules.Facts, until: NIODeadline)] = [:]
        var asked: [String: [EventLoopPromise<AddressRules.Facts>]] = [:]
    }

    private let rules: AddressRules
    private let lookUp: @Sendable (SocketAddress) -> AddressRules.Facts?
    private let patience: TimeAmount
    private let keep: TimeAmount
    private let pool = NIOThreadPool(numberOfThreads: 2)
    private let state = Mutex(State())

    init(
        _ rules: AddressRules,
        patience: TimeAmount = AddressFilter.patience,
        keep: TimeAmount = AddressFilter.keep,
        lookUp: @escaping @Sendable (SocketAddress) -> AddressRules.Facts? = HostLookup.facts
    ) {
        self.rules = rules
        self.patience = patience
        self.keep = keep
        self.lookUp = lookUp
        pool.start()
    }

    deinit {
        pool.shutdownGracefully { _ in }
    }

    func decide(_ address: SocketAddress, on loop: any EventLoop) -> Answer {
        let text = address.javaText
        let known = state.withLock { $0.known[text] }
        let facts = known.flatMap { $0.until > loop.now ? $0.facts : nil }
        if case .allowed(let isAllowed) = rules.decide(text, facts) { return .known(isAllowed) }
        return .asked(
            ask(address, text, on: loop).map { [rules] facts in
                rules.decide(text, facts) != .allowed(false)
            }
        )
    }

    /// Asks once for all who wait for the same address.
    private func ask(
        _ address: SocketAddress,
        _ text: String,
        on loop: any EventLoop
    ) -> EventLoopFuture<AddressRules.Facts> {
        let promise = loop.makePromise(of: AddressRules.Facts.self)
        let unknown = AddressRules.Facts(name: text, isLocal: false)
        enum Next {
            case look
            case wait
            case answer(AddressRules.Facts)
        }
        let next = state.withLock { state -> Next in
            // The answer may have come since `decide` looked.
            if let known = state.known[text], known.until > loop.now { return .answer(known.facts) }
            let waiting = state.asked[text]
            guard waiting != nil || state.asked.count < Self.most else { return .answer(unknown) }
            state.asked[text] = (waiting ?? []) + [promise]
            return waiting == nil ? .look : .wait
        }
        if case .answer(let facts) = next {
            promise.succeed(facts)
            return promise.futureResult
        }
        let timer = loop.scheduleTask(in: patience) { self.answer(text, unknown) }
        promise.futureResult.whenComplete { _ in timer.cancel() }
        if case .look = next {
            pool.submit { [lookUp, keep] state in
                guard case .active = state else { return }
                let facts = lookUp(address) ?? unknown
                self.answer(text, facts, until: .now() + keep)
            }
        }
        return promise.futureResult
    }

    /// Answers all who wait; what came in time is kept.
    private func answer(_ text: String, _ facts: AddressRules.Facts, until: NIODeadline? = nil) {
        let waiting = state.withLock { state in
            if let until {
                if state.known.count >= Self.most { state.known = [:] }
                state.known[text] = (facts, until)
            }
            return state.asked.removeValue(forKey: text) ?? []
        }
        for promise in waiting { promise.succeed(facts) }
    }
}
