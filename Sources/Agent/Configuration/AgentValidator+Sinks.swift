extension AgentValidator {
    mutating func checkSinks() {
        let valid = Set(channels.map(\.name))
        for component in listed(.sinks) {
            let found = settings(of: component, kind: .sink, section: .sinks)
            let channel = sinkChannel(component, valid: valid)
            guard let (settings, entry) = found, let channel else {
                drop(component.name, of: .sinks)
                continue
            }
            batchSizes["sink \(component.name)"] = entry.batchSize
            channelOfSink[component.name] = channel
            sinks.append(AgentConfiguration.Sink(settings: settings, channel: channel))
        }
    }

    private mutating func sinkChannel(_ component: RawAgent.Component, valid: Set<String>) -> String? {
        let key = "\(raw.name).sinks.\(component.name).channel"
        guard let setting = component.settings["channel"] else {
            let near = component.settings["channels"].map { _ in "a sink's key is `channel`, a source's is `channels`" }
            diagnostics.fault(
                "`\(key)` is missing; sink `\(component.name)` needs it",
                at: component.place,
                advice: near
            )
            return nil
        }
        let name = setting.value
        if valid.contains(name) { return name }
        if isBroken(name, .channels) {
            drop(component.name, of: .sinks, because: "its channel cannot be made", at: setting.location)
        } else if setting.words.count > 1 || name.utf8.contains(0x2C) {
            diagnostics.fault(
                "`\(key)` is `\(name)`: a sink reads one channel",
                at: setting.location,
                advice: "write a sink for each channel"
            )
        } else {
            faultUnknown(name, of: .channels, by: "sink `\(component.name)`", in: setting, at: setting.location)
        }
        return nil
    }
}
