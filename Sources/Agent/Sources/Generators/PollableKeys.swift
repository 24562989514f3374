internal import NIOCore

/// The back-off keys of Flume's pollable sources (`PollableSourceConstants`).
package enum PollableKeys {
    private static let increment = "backoffSleepIncrement"
    private static let longest = "maxBackoffSleep"

    static let all = [KeySpec(increment), KeySpec(longest)]
    /// For sources that are woken and never sleep.
    package static let unused = [increment, longest].map {
        KeySpec($0, withoutEffect: "the source is woken when the channel has room; it never sleeps")
    }

    static func check(_ settings: ComponentSettings) throws(ConfigurationFault) {
        _ = try backoff(settings)
    }

    static func backoff(
        _ settings: ComponentSettings
    ) throws(ConfigurationFault) -> (increment: TimeAmount, longest: TimeAmount) {
        (
            TimeAmount(clamping: try settings.milliseconds(increment, default: .seconds(1), min: .min)),
            TimeAmount(clamping: try settings.milliseconds(longest, default: .seconds(5), min: .min))
        )
    }
}
