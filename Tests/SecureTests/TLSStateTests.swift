import Testing

@testable import Secure

@Suite struct TLSStateTests {
    /// `#expect` cannot hold a mutating call.
    private func check(_ answer: Bool, _ expected: Bool, at place: SourceLocation = #_sourceLocation) {
        #expect(answer == expected, sourceLocation: place)
    }

    @Test func startsOnce() {
        var state = TLSState()
        #expect(!state.reads && state.acceptsWrites)
        self.check(state.start(), true)
        self.check(state.start(), false)
        #expect(state.isHandshaking && state.reads && state.acceptsWrites)
        state.handshakeCompleted()
        #expect(state.isOpen)
        self.check(state.start(), false)
    }

    @Test func onlyTheFirstFailureCounts() {
        var state = TLSState()
        self.check(state.start(), true)
        self.check(state.fail(), true)
        self.check(state.fail(), false)
        #expect(!state.reads && !state.acceptsWrites)
        state.handshakeCompleted()
        #expect(!state.isOpen)
        if case .notify = state.close() { Issue.record("a failed connection sends no close_notify") }
    }

    @Test func closeNotifyOnlyWhenOpen() {
        var idle = TLSState()
        if case .notify = idle.close() { Issue.record("nothing to notify before the handshake") }
        self.check(idle.start(), false)
        var open = TLSState()
        _ = open.start()
        open.handshakeCompleted()
        guard case .notify = open.close() else {
            Issue.record("an open connection is to be told")
            return
        }
        if case .notify = open.close() { Issue.record("told once") }
        self.check(open.fail(), false)
        #expect(!open.reads)
    }

    @Test func endsAreToldApart() {
        var early = TLSState()
        if case .expected = early.channelEnded() {} else { Issue.record("nothing had begun") }
        var handshaking = TLSState()
        _ = handshaking.start()
        guard case .inHandshake = handshaking.channelEnded() else {
            Issue.record("an end in the handshake is an error")
            return
        }
        self.check(handshaking.fail(), true)
        var cut = TLSState()
        _ = cut.start()
        cut.handshakeCompleted()
        if case .truncated = cut.channelEnded() {} else { Issue.record("no close_notify came") }
        var clean = TLSState()
        _ = clean.start()
        clean.handshakeCompleted()
        self.check(clean.closeNotified(), true)
        self.check(clean.closeNotified(), false)
        if case .expected = clean.channelEnded() {} else { Issue.record("close_notify came") }
    }

    @Test func halfClosure() {
        var state = TLSState()
        _ = state.start()
        self.check(state.closeOutput(), false)
        state.handshakeCompleted()
        self.check(state.closeOutput(), true)
        self.check(state.closeOutput(), false)
        #expect(!state.acceptsWrites && state.reads)
        if case .notify = state.close() { Issue.record("close_notify went out before") }
    }
}
