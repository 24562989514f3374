package import NIOCore
internal import NIOPosix
package import Secure

/// Makes connections to Avro sources.
package enum RPCClientConnection {
    /// Connects on `eventLoop`, does the TLS handshake where there is a context, then Avro's.
    ///
    /// The name is resolved anew each time, as far as the book's floor allows, and every address of it is tried: the next
    /// one 250 ms after the one before, where that has not answered yet (RFC 8305, by NIO). The connect time-out covers all
    /// of it. `events` is called on the loop, after the future has succeeded.
    package static func connect(
        host: String,
        port: Int,
        tls: TLSContext?,
        settings: RPCClientSettings,
        addresses: AddressBook = .shared,
        on eventLoop: any EventLoop,
        events: @escaping @Sendable (RPCClientEvent) -> Void
    ) -> EventLoopFuture<NIOLoopBound<RPCClientHandler>> {
        let endpoint = RPCEndpoint(host: host, port: port)
        let host = endpoint.host
        let address = "\(endpoint)"
        let layers = ClientLayers(tls: tls, compression: settings.compression, host: host)
        let deadline = NIODeadline.now() + settings.connectTimeout
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(settings.connectTimeout)
            .resolver(AddressQuery(addresses: addresses.addresses(host: host, port: port, on: eventLoop)))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.socketOption(.so_keepalive), value: 1)
        return bootstrap.connect(host: host, port: port)
            .flatMapErrorThrowing { error in
                throw RPCError(.cannotConnect, "cannot connect to \(address): \(SystemReason.of(error))")
            }
            .flatMap { channel in
                // Only now: of the addresses of a name several may be under way, and one of them counts.
                let opened = eventLoop.makePromise(of: Void.self)
                let handler = RPCClientHandler(
                    settings: settings,
                    address: address,
                    isEncrypted: tls != nil,
                    opened: opened,
                    events: events
                )
                let timer = eventLoop.scheduleTask(deadline: deadline) {
                    opened.fail(RPCError(.timedOut, "\(address) did not answer the handshake in time"))
                    channel.close(promise: nil)
                }
                do {
                    try layers.add(to: channel.pipeline.syncOperations, failed: handler.layerFailed)
                    try channel.pipeline.syncOperations.addHandler(handler)
                } catch {
                    opened.fail(RPCError(.connectionClosed, "\(address) closed the connection"))
                    channel.close(promise: nil)
                }
                let bound = NIOLoopBound(handler, eventLoop: eventLoop)
                return opened.futureResult.always { _ in timer.cancel() }.map { bound }
                    .flatMapErrorThrowing { throw layers.advised($0) }
            }
    }
}
