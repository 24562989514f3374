/// Flume's replicating selector: every batch to all channels; those listed as optional are best effort.
enum ReplicatingSelector {
    static func split(
        channels: [String],
        selector: ComponentSettings
    ) throws(ConfigurationFault) -> (required: [String], optional: [String]) {
        let optional = selector.list("optional")
        for name in optional where !channels.contains(name) {
            let advice = NearestName.nearest(to: name, among: channels).map { "did you mean `\($0)`?" }
            throw selector.fault("optional", "`\(name)` is not a channel of this source", advice: advice)
        }
        return (channels.filter { !optional.contains($0) }, channels.filter { optional.contains($0) })
    }
}
