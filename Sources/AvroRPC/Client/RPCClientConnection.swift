package import NIOCore
internal import NIOPosix
package import Secure

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Makes connections to Avro sources.
package enum RPCClientConnection {
    /// Connects on `eventLoop`, does the TLS handshake where there is a context, then Avro's.
    ///
    /// The name is resolved anew each time. The connect time-out covers all of it. `events` is called on the loop, after
    /// the future has succeeded.
    package static func connect(
        host: String,
        port: Int,
        tls: TLSContext?,
        settings: RPCClientSettings,
        on eventLoop: any EventLoop,
        events: @escaping @Sendable (RPCClientEvent) -> Void
    ) -> EventLoopFuture<NIOLoopBound<RPCClientHandler>> {
        let address = "\(host):\(port)"
        let deadline = NIODeadline.now() + settings.connectTimeout
        let layers = ClientLayers(tls: tls, compression: settings.compression, host: host)
        let opened = eventLoop.makePromise(of: Void.self)
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(settings.connectTimeout)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = RPCClientHandler(
                        settings: settings,
                        address: address,
                        isEncrypted: tls != nil,
                        opened: opened,
                        events: events
                    )
                    try layers.add(to: channel.pipeline.syncOperations, failed: handler.layerFailed)
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
        return bootstrap.connect(host: host, port: port)
            .flatMapError { error in
                let reason = RPCError(.cannotConnect, "cannot connect to \(address): \(reason(error))")
                opened.fail(reason)
                return eventLoop.makeFailedFuture(reason)
            }
            .flatMap { channel in
                let timer = eventLoop.scheduleTask(deadline: deadline) {
                    opened.fail(RPCError(.timedOut, "\(address) did not answer the handshake in time"))
                    channel.close(promise: nil)
                }
                return opened.futureResult.flatMapThrowing {
                    timer.cancel()
                    let handler = try channel.pipeline.syncOperations.handler(type: RPCClientHandler.self)
                    return NIOLoopBound(handler, eventLoop: eventLoop)
                }.flatMapErrorThrowing { error in
                    timer.cancel()
                    throw layers.advised(error)
                }
            }
    }

    /// The system's reason in few words.
    private static func reason(_ error: any Error) -> String {
        if let error = error as? NIOConnectionError {
            if error.connectionErrors.isEmpty, error.dnsAError ?? error.dnsAAAAError != nil {
                return "the name does not resolve"
            }
            if let first = error.connectionErrors.first { return reason(first.error) }
        }
        if let error = error as? IOError, let text = unsafe strerror(error.errnoCode) {
            return unsafe String(cString: text)
        }
        return "\(error)"
    }
}
