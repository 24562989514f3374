internal import NIOCore

/// When a connection is to end because its peer keeps us waiting. A machine: no clock and no timers of its own.
///
/// Time in which we do not read (the peer has all in our hands that it may) is not the peer's fault and does not count.
struct PeerClock {
    /// The least bytes that a frame with a handshake and a call takes: lengths 12, handshake 34, call 2.
    static let leastHandshake = 48
    /// A frame's time is given anew for each.
    static let portion = 1 << 20

    /// What the connection is like.
    struct Situation {
        /// Bytes that ever came.
        var received: Int
        var isEstablished: Bool
        /// The frame that has not come whole: its number, and how much of it has come.
        var frame: (number: UInt64, bytes: Int)?
        /// We take what the peer sends.
        var isReading: Bool
        /// A call has no answer yet.
        var isBusy: Bool
        /// More answers wait than the limit.
        var isBlocked: Bool
    }

    private let limits: RPCLimits
    private var situation: Situation
    private var firstHeard: NIODeadline?
    private var lastHeard: NIODeadline
    private var frameBegan: NIODeadline
    private var pausedSince: NIODeadline?
    private var blockedSince: NIODeadline?

    init(limits: RPCLimits, now: NIODeadline) {
        self.limits = limits
        situation = Situation(
            received: 0,
            isEstablished: false,
            frame: nil,
            isReading: true,
            isBusy: false,
            isBlocked: false
        )
        lastHeard = now
        frameBegan = now
    }

    /// To be told after each read and whenever a call is answered.
    mutating func update(_ new: Situation, now: NIODeadline) {
        if new.received != situation.received || new.isBusy != situation.isBusy { lastHeard = now }
        if new.received > 0, firstHeard == nil { firstHeard = now }
        if !new.isReading {
            if pausedSince == nil { pausedSince = now }
        } else if let since = pausedSince {
            pausedSince = nil
            let pause = now - since
            frameBegan = frameBegan + pause
            firstHeard = firstHeard.map { $0 + pause }
            lastHeard = now
        }
        if let frame = new.frame, frame.number != situation.frame?.number { frameBegan = now }
        blockedSince = new.isBlocked ? blockedSince ?? now : nil
        situation = new
    }

    /// When to look again; `nil`: when something changes.
    var next: NIODeadline? { due?.deadline }

    /// What the peer has let pass.
    func check(now: NIODeadline) -> RPCRejection? {
        guard let due, due.deadline <= now else { return nil }
        let time = Self.text(due.limit)
        let message =
            switch due.breach {
            case .handshakeTime: "no handshake within \(time) of the first byte"
            case .frameTime: "a frame of which \(situation.frame?.bytes ?? 0) bytes came in \(time)"
            case .queuedReplies: "it has not taken its answers for \(time)"
            default: "it has said nothing for \(time)"
            }
        return RPCRejection(due.breach, message)
    }

    private struct Due {
        var breach: RPCBreach
        var deadline: NIODeadline
        var limit: TimeAmount

        /// The earlier of the two.
        static func first(_ one: Due?, _ breach: RPCBreach, _ since: NIODeadline, _ limit: TimeAmount) -> Due {
            let other = Due(breach: breach, deadline: since + limit, limit: limit)
            guard let one, one.deadline <= other.deadline else { return other }
            return one
        }
    }

    private var due: Due? {
        var due: Due?
        if let limit = limits.replyTime, let blockedSince { due = .first(due, .queuedReplies, blockedSince, limit) }
        guard pausedSince == nil else { return due }
        if !situation.isEstablished, let firstHeard,
            situation.frame == nil || situation.received < Self.leastHandshake
        {
            due = .first(due, .handshakeTime, firstHeard, limits.handshakeTime)
        }
        if let frame = situation.frame, let limit = limits.frameTime {
            due = .first(due, .frameTime, frameBegan, limit * Int64(frame.bytes / Self.portion + 1))
        }
        if let limit = limits.idleTime, !situation.isBusy { due = .first(due, .idleTime, lastHeard, limit) }
        return due
    }

    private static func text(_ amount: TimeAmount) -> String {
        let milliseconds = amount.nanoseconds / 1_000_000
        return milliseconds % 1_000 == 0 ? "\(milliseconds / 1_000) s" : "\(milliseconds) ms"
    }
}
