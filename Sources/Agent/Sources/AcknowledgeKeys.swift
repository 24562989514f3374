internal import NIOCore

/// The keys by which a source says when it acknowledges; only sources that can answer have them.
package enum AcknowledgeKeys {
    /// `stored` (Flume's rule) or `delivered`.
    package static let mode = KeySpec("acknowledge")
    /// Milliseconds that a batch waits for its delivery under `delivered`.
    package static let timeout = KeySpec("acknowledge-timeout")
    /// What a peer that named itself is held at most when the file does not say.
    static let namedPatience = TimeAmount.seconds(60)

    static func mode(of settings: ComponentSettings) throws(ConfigurationFault) -> AcknowledgeMode {
        guard let text = settings.string(mode.name) else { return .stored }
        guard let mode = AcknowledgeMode(rawValue: text.lowercased()) else {
            let advice = NearestName.nearest(to: text, among: ["stored", "delivered"]).map { "did you mean `\($0)`?" }
            throw settings.fault(Self.mode.name, "`\(text)` is not `stored` or `delivered`", advice: advice)
        }
        return mode
    }

    static func timeout(of settings: ComponentSettings) throws(ConfigurationFault) -> TimeAmount {
        let fallback = namedPatience.nanoseconds / 1_000_000
        return .milliseconds(try settings.int64(timeout.name, default: fallback, min: 1, max: 3_600_000))
    }
}
