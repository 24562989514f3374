internal import DequeModule
internal import NIOCore

extension HostRouter {
    /// Flume's texts (LoadBalancingRpcClient).
    func nobody(_ call: Call) -> RPCError {
        let reason = call.lastError.map { ": \($0.message)" } ?? ": every host is left out after a failure"
        return RPCError(.noHost, "Unable to send batch to any host\(reason)")
    }

    private var backsOff: Bool {
        if case .loadBalance(_, .some) = kind { return true }
        return false
    }

    /// Whether a host may be used at all; one that has its trial under way may be waited for.
    private func isLeftOut(_ host: Int) -> Bool { backsOff && health[host].nextCheck != nil }
    private func isOnTrial(_ host: Int) -> Bool {
        backsOff && !health[host].isLive && !health[host].isHalfOpen && health[host].nextCheck == nil
    }

    /// Hosts that were left out long enough are half-open.
    mutating func wakeHosts(now: NIODeadline) {
        for host in 0..<count where backsOff { _ = health[host].startProbe(now: now, canProbe: false) }
    }

    /// The next thing to do for the calls of a balancing client.
    ///
    /// Calls go to hosts whose connection stands; those without one are connected beside them, so that a host that is away
    /// never holds a call while another has room.
    mutating func balance(now: NIODeadline, _ standing: (Int, UInt64?) -> Standing) -> Action {
        wakeHosts(now: now)
        for host in 0..<count where standing(host, nil) == .closed && isWanted(host, now, standing) {
            return .connect(host)
        }
        for index in waiting.indices {
            let call = waiting[index]
            if let host = chooseOpen(call, now: now, { standing($0, call.number) }) {
                waiting.remove(at: index)
                if backsOff { health[host].given(call.number) }
                return give(call, to: host)
            }
            let others = (0..<count).filter { !call.tried.contains($0) && !isLeftOut($0) }
            // A host that is connecting, busy or on trial is waited for.
            guard others.allSatisfy({ standing($0, call.number) == .closed && !isOnTrial($0) }) else { continue }
            waiting.remove(at: index)
            return .fail(call.number, nobody(call))
        }
        return .idle
    }

    /// Whether a connection to a host is worth a try: a connection is wanted, or some call has no other way.
    private func isWanted(_ host: Int, _ now: NIODeadline, _ standing: (Int, UInt64?) -> Standing) -> Bool {
        guard !isLeftOut(host) else { return false }
        let standingHosts = (0..<count).filter { [.room, .full].contains(standing($0, nil)) }
        if wantsConnection {
            if !unreachable.contains(host) { return true }
            let isAlone = (0..<count).allSatisfy { standing($0, nil) == .closed }
            if !isAlone, retryAt[host] <= now { return true }
        }
        return waiting.contains { call in
            guard !call.tried.contains(host) else { return false }
            return retryAt[host] <= now || standingHosts.allSatisfy { call.tried.contains($0) }
        }
    }

    /// The host that a call gets of those whose connection has room.
    mutating func chooseOpen(_ call: Call, now: NIODeadline, _ standing: (Int) -> Standing) -> Int? {
        let availability = (0..<count).map { host -> PeerAvailability in
            if call.tried.contains(host) || isLeftOut(host) || isOnTrial(host) { return .down }
            switch standing(host) {
            case .closed, .connecting: return .down
            case .full: return .busy
            case .room: return backsOff && health[host].isHalfOpen ? .oneTrial : .free
            }
        }
        if let preferred = call.preferred {
            switch availability[preferred] {
            case .free, .oneTrial: return preferred
            case .busy: return nil
            case .down: break
            }
        }
        // A second attempt is not a turn: the ring goes on from where the first one was.
        guard call.tried.isEmpty else {
            var after = choice
            return after.choose(count: count, availability: { availability[$0] })
        }
        return choice.choose(count: count, availability: { availability[$0] })
    }
}
