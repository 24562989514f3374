/// Where a TLS connection stands. Inputs are what happened; answers are what the handler must do.
///
///     idle → handshaking → open → closing → closed
///
/// `closing`: our close_notify is out and the channel is told to close. `closed`: failed, refused or gone. Every state
/// may go to `closed`. An input that is too late in a legal race answers "nothing to do".
struct TLSState {
    private enum Phase {
        case idle
        case handshaking
        case open
        case closing
        case closed
    }

    enum Close {
        /// Send close_notify, then close the channel.
        case notify
        /// Only close the channel.
        case plain
    }

    enum End {
        /// The handshake was under way: an error.
        case inHandshake
        /// Open, without close_notify from the peer.
        case truncated
        case expected
    }

    private var phase = Phase.idle
    /// The peer's close_notify or its end of stream has come.
    private(set) var inputClosed = false
    /// Our close_notify is out, the input may go on.
    private(set) var outputClosed = false

    var isHandshaking: Bool { self.phase == .handshaking }
    var isOpen: Bool { self.phase == .open }
    /// Whether ciphertext is still of use.
    var reads: Bool { (self.phase == .handshaking || self.phase == .open) && !self.inputClosed }
    /// Whether plaintext may be queued.
    var acceptsWrites: Bool {
        switch self.phase {
        case .idle, .handshaking, .open: !self.outputClosed
        case .closing, .closed: false
        }
    }

    /// True the first time: start the handshake.
    mutating func start() -> Bool {
        guard self.phase == .idle else { return false }
        self.phase = .handshaking
        return true
    }

    mutating func handshakeCompleted() {
        if self.phase == .handshaking { self.phase = .open }
    }

    /// True for the first failure, which is the one to report.
    mutating func fail() -> Bool {
        guard self.phase != .closed && self.phase != .closing else { return false }
        self.phase = .closed
        return true
    }

    /// The whole channel is to be closed, by us.
    mutating func close() -> Close {
        defer { if self.phase != .closed { self.phase = .closing } }
        return self.phase == .open && !self.outputClosed ? .notify : .plain
    }

    /// Our output is to be closed. True when a close_notify is due now.
    mutating func closeOutput() -> Bool {
        guard self.phase == .open, !self.outputClosed else { return false }
        self.outputClosed = true
        return true
    }

    /// The peer's close_notify. True the first time on an open connection.
    mutating func closeNotified() -> Bool {
        guard self.phase == .open, !self.inputClosed else { return false }
        self.inputClosed = true
        return true
    }

    /// The stream's end, with the output still open (half closure).
    mutating func inputEnded() -> End {
        switch self.phase {
        case .handshaking:
            return .inHandshake
        case .open where !self.inputClosed:
            self.inputClosed = true
            return .truncated
        case .idle, .open, .closing, .closed:
            return .expected
        }
    }

    /// The channel is gone. `.inHandshake` leaves it to `fail()` to end the phase.
    mutating func channelEnded() -> End {
        let end = self.inputEnded()
        if case .inHandshake = end { return end }
        self.phase = .closed
        return end
    }
}
