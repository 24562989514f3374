import NIOCore

extension SocketAddress {
    /// `10.0.0.5:4141`, `[::1]:4141`, or a UNIX socket's path.
    var text: String {
        guard let address = self.ipAddress, let port = self.port else { return self.pathname ?? "an unknown peer" }
        return address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)"
    }
}

extension TimeAmount {
    /// `10 s`, `250 ms`.
    var text: String {
        self.nanoseconds % 1_000_000_000 == 0
            ? "\(self.nanoseconds / 1_000_000_000) s" : "\(self.nanoseconds / 1_000_000) ms"
    }
}

extension EventLoopPromise<Void>? {
    /// One promise whose outcome both get; the common case, at most one, costs nothing.
    func joined(with other: EventLoopPromise<Void>?) -> EventLoopPromise<Void>? {
        guard let first = self else { return other }
        if let other { first.futureResult.cascade(to: other) }
        return first
    }
}
