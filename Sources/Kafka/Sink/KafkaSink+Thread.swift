internal import Agent
internal import Journal
internal import Logging
internal import NIOCore
internal import Synchronization

// The sink's own thread: tries again what did not fit, watches over the brokers, replaces a client that has ended, and at
// the end closes everything.
extension KafkaSink {
    /// The longest sleep.
    private static let longestWait = TimeAmount.milliseconds(1000)
    /// How often to offer stalled events while no report came, e.g. for lack of memory.
    private static let stalledWait = TimeAmount.milliseconds(100)
    /// How often to look for the reports of purged records.
    private static let purgeWait = TimeAmount.milliseconds(20)
    /// Kept back from the time that stopping has, so that the outcomes are reported within it.
    private static let purgeTime = TimeAmount.milliseconds(200)
    /// Between two new clients.
    private static let renewalInterval = TimeAmount.seconds(2)
    /// How long purged records may take to be reported.
    private static let purgeLimit = TimeAmount.milliseconds(500)

    /// Runs until the sink stops; closes the client.
    func serve() {
        let start = NIODeadline.now()
        var round = Round(health: BrokerHealth(now: start))
        while true {
            guard let client = currentClient() else { return }
            let now = NIODeadline.now()
            let (phase, held, stall) = state.withLock { ($0.phase, $0.ledger.heldEvents, $0.ledger.stall) }
            if case .stopping(let deadline) = phase, held == 0 || now >= deadline - Self.purgeTime { break }
            if held > 0 && !round.isHolding { round.health.beginsHolding(now: now) }
            round.isHolding = held > 0
            watch(client, now, &round)
            if let stall { produce(stall.batch, from: stall.index, slot: stall.slot, isResuming: true) }
            writeLetters()
            let isStalled = stall != nil && state.withLock { $0.ledger.stall != nil }
            signal.wait(until: (now + wait(now, phase, isStalled, round)).uptimeNanoseconds)
            listen(&round)
            // Records that fail with the client may be reported before its error is.
            if client.hasEnded { round.hasFatal = true }
            // Before outcomes are reported, so that who tries again at once finds a client that works.
            if round.hasFatal && .now() >= round.nextRenewal { renew(client, &round) }
            if !settings.isTransactional {
                settleOutcomes()
            } else if !round.hasFatal, let current = currentClient() {
                // Not `client`, in whose place there may be another now.
                stepTransaction(current, &round)
            }
        }
        if state.withLock({ $0.transaction != .preparing }), !round.hasFatal, let client = currentClient() {
            stepTransaction(client, &round)
        }
        close(&round)
    }

    struct Round {
        var health: BrokerHealth
        var isHolding = false
        var hasFatal = false
        var renewals = LogThrottle()
        /// Not before, so that a lasting cause does not make one client after the other.
        var nextRenewal = NIODeadline.uptimeNanoseconds(0)
    }

    private func wait(_ now: NIODeadline, _ phase: Phase, _ isStalled: Bool, _ round: Round) -> TimeAmount {
        let isPreparing = state.withLock { $0.transaction == .preparing }
        var limit = isStalled || isPreparing || round.hasFatal ? Self.stalledWait : Self.longestWait
        if let probe = round.health.probeTime(isHolding: round.isHolding) { limit = min(limit, probe - now) }
        if case .stopping(let deadline) = phase { limit = min(limit, deadline - Self.purgeTime - now) }
        return max(limit, .nanoseconds(0))
    }

    /// Hears what the event loop took for this thread.
    private func listen(_ round: inout Round) {
        let (words, acknowledged) = state.withLock { state in
            defer { (state.heard, state.acknowledged) = ([], nil) }
            return (state.heard, state.acknowledged)
        }
        if let acknowledged { act(round.health.sign(now: acknowledged), &round) }
        for word in words {
            switch word {
            case .error(let failure, let isFatal):
                logger.debug("Kafka client error", metadata: ["error.message": "\(failure)"])
                if isFatal {
                    round.hasFatal = true
                } else if failure.isAllBrokersDown {
                    round.health.allBrokersDown(now: .now())
                } else {
                    round.health.error(failure.advised(for: .producer))
                }
            case .statistics(let text): counters.statistics.take(text)
            }
        }
    }

    /// Asks for a sign of life when it is time.
    private func watch(_ client: ClientHandle, _ now: NIODeadline, _ round: inout Round) {
        act(round.health.watch(client, isHolding: round.isHolding, now: now), &round)
    }

    private func act(_ action: BrokerHealth.Action, _ round: inout Round) {
        switch action {
        case .none: break
        case .down(let reason):
            let message =
                "Kafka at \(settings.bootstrapServers) cannot be reached: \(reason); events stay in the channel"
            let reports = state.withLock { state in
                state.trouble = message
                return state.reports
            }
            // Whoever runs the sink logs it, once for all of a group.
            reports?.unavailable(SinkFailure(message))
        case .up:
            let waiting = state.withLock { state in
                state.trouble = nil
                defer { state.hasTurnedAway = false }
                return state.hasTurnedAway ? state.reports : nil
            }
            logger.info("Kafka is reached again", metadata: ["bootstrap.servers": "\(settings.bootstrapServers)"])
            waiting?.ready()
        }
    }

    /// Makes a new client in place of one with a fatal error, which takes nothing any more. What it held has failed.
    private func renew(_ client: ClientHandle, _ round: inout Round) {
        let failure = client.fatalFailure ?? KafkaFailure(code: KafkaFailure.fatal)
        round.nextRenewal = .now() + Self.renewalInterval
        if let suppressed = round.renewals.pass(.now()) {
            logger.warning(
                "the Kafka client had a fatal error and is replaced",
                metadata: ["error.message": "\(failure)", "suppressed": "\(suppressed)"]
            )
        }
        drain(client, until: .now() + Self.purgeLimit, stalled: .kafka(failure.code), &round)
        state.withLock { state in
            state.ledger.failAll(.kafka(failure.code))
            if settings.isTransactional {
                state.ledger.giveBackSettled(.kafka(failure.code))
                state.transaction = .preparing
            }
        }
        do throws(ComponentError) {
            try connect()
            round.hasFatal = false
            if settings.isTransactional { settleOutcomes(endingGroup: true) }
        } catch {
            // The next round tries again.
            logger.error("the Kafka client cannot be replaced", metadata: ["error.message": "\(error)"])
        }
    }

    /// Gives up what the client still has and takes the reports about it.
    private func drain(
        _ client: ClientHandle,
        until limit: NIODeadline,
        stalled: EventFailure,
        _ round: inout Round
    ) {
        client.purge()
        while state.withLock({ $0.ledger.heldEvents > 0 }), .now() < limit {
            state.withLock { $0.ledger.failStalled(stalled) }
            takeEvents()
            signal.wait(until: (NIODeadline.now() + Self.purgeWait).uptimeNanoseconds)
        }
        listen(&round)
    }

    private func close(_ round: inout Round) {
        if let client = currentClient(), state.withLock({ $0.ledger.heldEvents > 0 }) {
            drain(client, until: .now() + Self.purgeLimit, stalled: .stopped, &round)
        }
        state.withLock { state in
            state.ledger.failAll(.stopped)
            if settings.isTransactional { state.ledger.giveBackSettled(.stopped) }
        }
        settleOutcomes(endingGroup: true)
        state.withLock { $0.reports = nil }
        threadEnd.nearlyReach(on: eventLoop)
        // The last reference: librdkafka's threads end here.
        replaceProducer(nil)
    }
}
