public import Events
public import NIOCore
internal import NIOPosix
package import Secure
internal import Synchronization

/// Sends events to Avro sources: Flume's RPC client for Swift programs, with Flume's client properties.
///
/// ```swift
/// let client = try RPCClient(properties: [
///     "client.type": "default_failover", "hosts": "h1 h2",
///     "hosts.h1": "collector-1:4141", "hosts.h2": "collector-2:4141",
/// ])
/// try await client.append(Event(headers: ["host": "web1"], body: "hello"))
/// await client.close()
/// ```
/// `client.type` is `default`, `default_failover` or `default_loadbalance`. A connection is made by the first call and made
/// again by the first call after it has broken; Flume's default client must be thrown away then. An `append` that returns
/// has been acknowledged by the source. One that throws may have arrived all the same: sending it again can repeat it.
///
/// Any number of tasks may call at once: a Tributary source takes eight calls of a connection at a time, Java's one; the
/// others wait their turn in order. It writes no log: what it throws says what happened.
public actor RPCClient {
    /// Events of one call at most (`batch-size`); `appendBatch` cuts what is larger.
    public nonisolated let batchSize: Int

    private nonisolated let eventLoop: any EventLoop
    private nonisolated let executor: any SerialExecutor
    public nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

    private let plan: RPCClientPlan
    private let tls: @Sendable () -> TLSContext?
    private let addresses: AddressBook
    private nonisolated let isOpen = Atomic(true)
    private var made: NIOLoopBound<RPCHosts>?
    private var nextNumber: UInt64 = 0
    private var callers: [UInt64: CheckedContinuation<Result<Int, RPCError>, Never>] = [:]

    /// A client by Flume's properties. Nothing is connected yet.
    ///
    /// - Parameter group: where its connections live; without one, NIO's own of the process.
    /// - Throws: `configuration` for a property that cannot be used, `tls` for stores that cannot be read.
    public init(
        properties: [String: String],
        group: (any EventLoopGroup)? = nil
    ) throws(RPCError) {
        let plan: RPCClientPlan
        let settings: TLSClientSettings?
        do throws(RPCPropertyFault) {
            plan = try RPCClientPlan(properties: properties)
            settings = try TLSClientSettings(properties: properties)
        } catch {
            throw RPCError(.configuration, error.description)
        }
        let group = group ?? MultiThreadedEventLoopGroup.singleton
        let tls = try settings.map { settings throws(RPCError) in try Self.rotation(settings, group.next()) }
        self.init(plan, tls: { tls?.current }, group: group)
    }

    /// Stores that are read anew when their files change.
    package static func rotation(
        _ settings: TLSClientSettings,
        _ eventLoop: any EventLoop
    ) throws(RPCError) -> TLSRotation {
        do throws(TLSError) {
            let rotation = try TLSRotation(.client(settings), interval: .seconds(Int64(settings.reloadSeconds))) { _ in
            }
            rotation.start(on: eventLoop)
            return rotation
        } catch {
            throw RPCError(.tls, error.description)
        }
    }

    /// - Parameter tls: asked at each connect; `nil` for plain text.
    package init(
        _ plan: RPCClientPlan,
        tls: @escaping @Sendable () -> TLSContext?,
        addresses: AddressBook = .shared,
        group: any EventLoopGroup
    ) {
        self.plan = plan
        self.tls = tls
        self.addresses = addresses
        batchSize = plan.batchSize
        eventLoop = group.next()
        executor = eventLoop.executor
    }

    deinit {
        guard let made else { return }
        eventLoop.execute { _ = made.value.end(deadline: .now()) }
    }

    /// Whether it has not been closed.
    public nonisolated var isActive: Bool { isOpen.load(ordering: .acquiring) }

    /// Sends one event.
    public func append(_ event: Event) async throws(RPCError) {
        var builder = EventBatchBuilder()
        builder.append(event)
        do throws(RPCError) {
            _ = try await call(builder.finish(), preferring: nil)
        } catch {
            // Flume's text for one event (LoadBalancingRpcClient).
            let batch = "Unable to send batch"
            guard error.message.hasPrefix(batch) else { throw error }
            throw RPCError(error.code, "Unable to send event" + error.message.dropFirst(batch.count))
        }
    }

    /// Sends events in order, in calls of at most `batchSize`. Where a later call fails, those before it have arrived.
    public func appendBatch(_ events: [Event]) async throws(RPCError) {
        var builder = EventBatchBuilder()
        for event in events { builder.append(event) }
        try await appendBatch(builder.finish())
    }

    /// Sends a batch in order, in calls of at most `batchSize`. Where a later call fails, those before it have arrived.
    public func appendBatch(_ batch: EventBatch) async throws(RPCError) {
        var start = 0
        var host: Int?
        while start < batch.count {
            let end = min(start + batchSize, batch.count)
            host = try await call(batch.slice(start..<end), preferring: host)
            start = end
        }
    }

    /// Takes nothing more, waits for the answers to calls that are sent, at most for `patience`, and closes. Calls that
    /// still wait for room fail.
    public func close(within patience: TimeAmount = .seconds(8)) async {
        isOpen.store(false, ordering: .releasing)
        guard let made else { return }
        try? await made.value.end(deadline: .now() + patience).get()
    }

    private func call(_ batch: EventBatch, preferring host: Int?) async throws(RPCError) -> Int {
        guard isActive else {
            throw RPCError(.clientClosed, "Attempting to append to an already closed client!")
        }
        let number = nextNumber
        nextNumber += 1
        let loop = eventLoop
        let result: Result<Int, RPCError> = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Result<Int, RPCError>, Never>) in
                guard !Task.isCancelled else {
                    continuation.resume(returning: .failure(Self.cancelled))
                    return
                }
                callers[number] = continuation
                hosts().submit(batch, number: number, deadline: nil, preferring: host)
            }
        } onCancel: {
            loop.execute { self.assumeIsolated { $0.cancel(number) } }
        }
        return try result.get()
    }

    private static let cancelled = RPCError(.cancelled, "cancelled; whether the events arrived is not known")

    private func cancel(_ number: UInt64) {
        guard let caller = callers.removeValue(forKey: number) else { return }
        made?.value.cancel(number)
        caller.resume(returning: .failure(Self.cancelled))
    }

    private func hosts() -> RPCHosts {
        if let made { return made.value }
        let hosts = RPCHosts(
            plan,
            tls: tls,
            addresses: addresses,
            on: eventLoop,
            events: { [weak self] event in self?.assumeIsolated { $0.handle(event) } }
        )
        made = NIOLoopBound(hosts, eventLoop: eventLoop)
        return hosts
    }

    private func handle(_ event: RPCHostsEvent) {
        guard case .settled(let number, let result) = event else { return }
        callers.removeValue(forKey: number)?.resume(returning: result)
    }
}
