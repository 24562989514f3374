extension AgentValidator {
    mutating func checkChannels() {
        for component in listed(.channels) {
            guard let (settings, entry) = settings(of: component, kind: .channel, section: .channels),
                checkLimits(settings, entry)
            else {
                drop(component.name, of: .channels)
                continue
            }
            channels.append(settings)
            limits[settings.name] = entry.limits
        }
    }

    /// A transaction that could never fit is a fault, in Flume as here.
    private mutating func checkLimits(_ settings: ComponentSettings, _ entry: TypeEntry) -> Bool {
        guard let limits = entry.limits else { return true }
        let capacity = Self.count(limits.capacity, in: settings)
        let transaction = Self.count(limits.transactionCapacity, in: settings)
        guard transaction > capacity else { return true }
        let capacityKey = limits.capacity.key
        let transactionKey = limits.transactionCapacity.key
        if settings.values[transactionKey] != nil {
            let isDefault = settings.values[capacityKey] == nil ? ", its default" : ""
            diagnostics.fault(
                "`\(settings.fullKey(transactionKey))` is \(transaction), above \(capacityKey) \(capacity)\(isDefault)",
                at: settings.location(of: transactionKey),
                advice: "set `\(settings.fullKey(capacityKey))` to \(transaction) or more"
            )
        } else {
            diagnostics.fault(
                "`\(settings.fullKey(capacityKey))` is \(capacity), below \(transactionKey) \(transaction), its default",
                at: settings.location(of: capacityKey),
                advice: "set `\(settings.fullKey(transactionKey))` to \(capacity) or less"
            )
        }
        return false
    }

    /// A number as far as it is one; else the default: what is wrong with it, the component itself says.
    static func count(_ count: TypeEntry.Count, in settings: ComponentSettings) -> Int {
        guard let value = settings.values[count.key]?.value, let number = Int(value), number > 0 else {
            return count.defaultValue
        }
        return number
    }

    /// Flume removes a source or sink whose batch is above the channel's transaction; here takes are capped.
    mutating func noteLargeBatches() {
        let made = Dictionary(channels.map { ($0.name, $0) }) { first, _ in first }
        for source in sources {
            for channel in source.channels {
                noteLargeBatch(source.settings, "source", made[channel], "such a batch is put whole")
            }
        }
        for sink in sinks { noteLargeBatch(sink.settings, "sink", made[sink.channel], "takes are capped at that") }
    }

    private mutating func noteLargeBatch(
        _ settings: ComponentSettings,
        _ noun: String,
        _ channel: ComponentSettings?,
        _ effect: String
    ) {
        guard let channel, let limits = limits[channel.name], let key = batchSizes["\(noun) \(settings.name)"] else {
            return
        }
        let batch = Self.count(key, in: settings)
        let transaction = Self.count(limits.transactionCapacity, in: channel)
        guard batch > transaction else { return }
        let isDefault = settings.values[key.key] == nil ? ", its default," : ""
        diagnostics.note(
            "`\(settings.fullKey(key.key))` \(batch)\(isDefault) is above \(limits.transactionCapacity.key) \(transaction) of "
                + "channel `\(channel.name)`; \(effect)",
            at: settings.location(of: key.key)
        )
    }
}
