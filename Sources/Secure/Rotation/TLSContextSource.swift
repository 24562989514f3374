/// Where a listener or a client gets the context of each new connection: a fixed one, or one that is reloaded.
package protocol TLSContextSource: Sendable {
    /// The context of connections that begin now; those made before keep theirs. Called from any thread, never blocks
    /// on a file.
    var current: TLSContext { get }
}

extension TLSContext: TLSContextSource {
    package var current: TLSContext { self }
}
