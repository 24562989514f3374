package import Events
package import NIOCore

/// A call that a peer made of us.
package struct RPCCall: Sendable {
    /// Which of the protocol's two messages it is: they are counted apart.
    package enum Message: Sendable {
        case append
        case appendBatch
    }

    package var message: Message
    package var batch: EventBatch
    /// How long its sender says it can still wait; only a named peer says so.
    package var timeLeft: TimeAmount?
    /// Whether the sender is one of ours.
    package var isFromNamedPeer: Bool
}

/// What a call is answered with.
package enum RPCAnswer: Hashable, Sendable {
    /// Status OK.
    case ok
    /// Status FAILED.
    case failed
    /// An error reply: Avro's system error, a string.
    case error(String)
}

/// What a server does with the calls it reads.
package protocol RPCService: Sendable {
    /// What is told to peers that name themselves.
    var description: PeerDescription { get }

    /// Serves a call. `answer` is called once, on any thread; the handle's `abandon` says that nobody waits for it.
    func serve(
        _ call: RPCCall,
        on eventLoop: any EventLoop,
        answer: @escaping @Sendable (RPCAnswer) -> Void
    ) -> (any RPCCallHandle)?
    /// A connection was opened (+1) or closed (-1).
    func connectionsChanged(by change: Int)
    /// A peer broke a rule or passed a limit: its connection ends, or, where the breach `leavesConnection`, one of its
    /// calls was answered with an error. Called once for each breach, on any thread.
    func rejected(_ rejection: RPCRejection, peer: String)
}

/// A call that is being served.
package protocol RPCCallHandle: Sendable {
    /// The connection is gone.
    func abandon()
}
