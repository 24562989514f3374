extension SpillableMemoryChannel {
    private static let memoryCapacity = TypeEntry.Count("memoryCapacity", default: 10_000)
    private static let overflowCapacity = TypeEntry.Count("overflowCapacity", default: 100_000_000)

    package static let type = TypeEntry(
        alias: "spillablememory",
        className: "org.apache.flume.channel.SpillableMemoryChannel",
        keys: [
            KeySpec(memoryCapacity.key), KeySpec(overflowCapacity.key), KeySpec("overflowTimeout"),
            KeySpec("overflowDeactivationThreshold"), KeySpec("byteCapacity"),
            KeySpec("byteCapacityBufferPercentage", withoutEffect: "headers are counted as they are, not guessed at"),
            KeySpec("avgEventSize", withoutEffect: "bytes are counted as they are, not guessed at"),
            KeySpec("capacity", withoutEffect: "overflowCapacity bounds what is on disk"),
            KeySpec("keep-alive", withoutEffect: "overflowTimeout says how long a put waits for room"),
        ] + FileChannelSettings.sharedKeys,
        limits: .init(capacity: overflowCapacity, transactionCapacity: FileChannelSettings.transactionCapacity)
    )

    /// The channel that the keys ask for: memory alone (`overflowCapacity = 0`), the disk alone (`memoryCapacity = 0`), or
    /// both. Numbers that cannot be read give the default, with a note, as in Flume.
    package static func make(_ context: ChannelContext) throws(ConfigurationFault) -> any Channel {
        let settings = context.settings
        func number(_ count: TypeEntry.Count) -> Int {
            settings.intOrDefault(count.key, default: count.defaultValue, min: 0, note: context.note)
        }
        let events = number(memoryCapacity)
        var overflow = number(overflowCapacity)
        if events == 0, overflow == 0 {
            overflow = overflowCapacity.defaultValue
            let text =
                "`\(settings.fullKey(overflowCapacity.key))` and `\(settings.fullKey(memoryCapacity.key))` are both 0; "
            context.note(
                Diagnostic(
                    grade: .note,
                    location: settings.location(of: overflowCapacity.key),
                    message: text + "the default \(overflow) is used, as in Flume"
                )
            )
        }
        let timeout = settings.intOrDefault("overflowTimeout", default: 3, min: 0, note: context.note)
        let keepAlive = Duration.seconds(timeout)
        let bytes = MemoryChannel.byteCapacity(context)
        guard overflow > 0 else {
            return MemoryChannel(
                room: context.admission.makeRoom(capacity: events, byteCapacity: bytes),
                transactionCapacity: try FileChannelSettings.positive(
                    settings,
                    FileChannelSettings.transactionCapacity,
                    context.note
                ),
                keepAlive: keepAlive,
                counters: context.counters
            )
        }
        guard events > 0 else { return try FileChannel(context, capacity: overflow, keepAlive: keepAlive) }
        let percent = settings.intOrDefault(
            "overflowDeactivationThreshold",
            default: 5,
            min: 0,
            max: 100,
            note: context.note
        )
        return SpillableMemoryChannel(
            context,
            try FileChannelSettings(context),
            limits: SpillLimits(events: events, bytes: bytes, eventsToReturn: max(1, events * percent / 100)),
            overflowCapacity: overflow,
            keepAlive: keepAlive
        )
    }
}
