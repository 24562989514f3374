/// Flume's `SourceCounter`.
public struct SourceCounters: Sendable {
    public let group: CounterGroup
    public let eventReceived: Counter
    public let eventAccepted: Counter
    public let appendReceived: Counter
    public let appendAccepted: Counter
    public let appendBatchReceived: Counter
    public let appendBatchAccepted: Counter
    public let openConnections: Gauge
    public let eventReadFail: Counter
    public let channelWriteFail: Counter
    public let genericProcessingFail: Counter

    public init(name: String) { self.init(CounterGroup(kind: .source, name: name)) }

    private init(_ group: CounterGroup) {
        self.group = group
        eventReceived = group.counter("EventReceivedCount")
        eventAccepted = group.counter("EventAcceptedCount")
        appendReceived = group.counter("AppendReceivedCount")
        appendAccepted = group.counter("AppendAcceptedCount")
        appendBatchReceived = group.counter("AppendBatchReceivedCount")
        appendBatchAccepted = group.counter("AppendBatchAcceptedCount")
        openConnections = group.gauge("OpenConnectionCount")
        eventReadFail = group.counter("EventReadFail")
        channelWriteFail = group.counter("ChannelWriteFail")
        genericProcessingFail = group.counter("GenericProcessingFail")
    }
}

extension SourceCounters {
    /// The counters of a source inside a channel, which nobody reads.
    package init(inside channel: ChannelCounters) { self.init(CounterGroup(kind: .channel, name: channel.group.name)) }
}

/// Flume's `ChannelCounter`. Size and fill are computed when somebody looks.
public struct ChannelCounters: Sendable {
    public let group: CounterGroup
    public let eventPutAttempt: Counter
    public let eventPutSuccess: Counter
    public let eventTakeAttempt: Counter
    public let eventTakeSuccess: Counter

    public init(name: String) {
        group = CounterGroup(kind: .channel, name: name)
        eventPutAttempt = group.counter("EventPutAttemptCount")
        eventPutSuccess = group.counter("EventPutSuccessCount")
        eventTakeAttempt = group.counter("EventTakeAttemptCount")
        eventTakeSuccess = group.counter("EventTakeSuccessCount")
    }

    /// The counters of a queue inside a channel, which counts that channel's takes and keeps the rest to itself.
    package init(inside channel: ChannelCounters) {
        group = CounterGroup(kind: .channel, name: channel.group.name)
        eventPutAttempt = group.counter("EventPutAttemptCount")
        eventPutSuccess = group.counter("EventPutSuccessCount")
        eventTakeAttempt = channel.eventTakeAttempt
        eventTakeSuccess = channel.eventTakeSuccess
    }

    /// Counts a take of up to `limit` events. Flume takes event by event, and once more in vain where there are fewer than it
    /// wants.
    package func took(_ count: Int, of limit: Int) {
        eventTakeAttempt.add(count < limit ? count + 1 : count)
    }

    /// Adds `ChannelSize`, `ChannelCapacity` and `ChannelFillPercentage` (100 × size / capacity; the largest double where
    /// there is no capacity, as Flume writes it).
    public func describe(capacity: Int, size: @escaping @Sendable () -> Int) {
        group.computed("ChannelSize") { String(size()) }
        group.computed("ChannelCapacity") { String(capacity) }
        group.computed("ChannelFillPercentage") {
            capacity > 0 ? "\(100 * Double(size()) / Double(capacity))" : "1.7976931348623157E308"
        }
    }
}

/// Flume's `SinkCounter`.
public struct SinkCounters: Sendable {
    public let group: CounterGroup
    public let connectionCreated: Counter
    public let connectionClosed: Counter
    public let connectionFailed: Counter
    public let batchEmpty: Counter
    public let batchUnderflow: Counter
    public let batchComplete: Counter
    public let eventDrainAttempt: Counter
    public let eventDrainSuccess: Counter
    public let eventWriteFail: Counter
    public let channelReadFail: Counter

    public init(name: String) {
        group = CounterGroup(kind: .sink, name: name)
        connectionCreated = group.counter("ConnectionCreatedCount")
        connectionClosed = group.counter("ConnectionClosedCount")
        connectionFailed = group.counter("ConnectionFailedCount")
        batchEmpty = group.counter("BatchEmptyCount")
        batchUnderflow = group.counter("BatchUnderflowCount")
        batchComplete = group.counter("BatchCompleteCount")
        eventDrainAttempt = group.counter("EventDrainAttemptCount")
        eventDrainSuccess = group.counter("EventDrainSuccessCount")
        eventWriteFail = group.counter("EventWriteFail")
        channelReadFail = group.counter("ChannelReadFail")
    }
}
