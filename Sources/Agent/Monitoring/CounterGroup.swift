internal import Synchronization

/// A component's counters under Flume's names, as its MBean had them (`org.apache.flume.instrumentation`).
///
/// Components make the handles they need once and keep them; the monitoring server reads all groups.
public final class CounterGroup: Sendable {
    /// Flume's `Type` attribute, and the first word of the group's key in `/metrics`.
    public enum Kind: String, Sendable {
        case source = "SOURCE"
        case channel = "CHANNEL"
        case sink = "SINK"
    }

    private enum Reading: Sendable {
        case counter(Counter)
        case gauge(Gauge)
        case computed(@Sendable () -> String)
    }

    public let kind: Kind
    public let name: String
    private let readings = Mutex<[(name: String, reading: Reading)]>([])
    private let startTime = Gauge()
    private let stopTime = Gauge()

    public init(kind: Kind, name: String) {
        self.kind = kind
        self.name = name
    }

    /// A counter of this name; the same one for the same name.
    public func counter(_ name: String) -> Counter {
        readings.withLock { readings in
            for case (name, .counter(let counter)) in readings { return counter }
            let counter = Counter()
            readings.append((name, .counter(counter)))
            return counter
        }
    }

    /// A gauge of this name; the same one for the same name.
    public func gauge(_ name: String) -> Gauge {
        readings.withLock { readings in
            for case (name, .gauge(let gauge)) in readings { return gauge }
            let gauge = Gauge()
            readings.append((name, .gauge(gauge)))
            return gauge
        }
    }

    /// A value computed whenever somebody looks.
    public func computed(_ name: String, _ value: @escaping @Sendable () -> String) {
        readings.withLock { $0.append((name, .computed(value))) }
    }

    /// Sets `StartTime`; milliseconds since 1970.
    func started(at milliseconds: Int) { startTime.set(milliseconds) }
    /// Sets `StopTime`.
    func stopped(at milliseconds: Int) { stopTime.set(milliseconds) }

    /// Every attribute as Flume writes it: all values are strings.
    public func snapshot() -> [(name: String, value: String)] {
        let readings = readings.withLock { $0 }
        var attributes = [
            (name: "Type", value: kind.rawValue),
            (name: "StartTime", value: String(startTime.value)),
            (name: "StopTime", value: String(stopTime.value)),
        ]
        for (name, reading) in readings {
            switch reading {
            case .counter(let counter): attributes.append((name, String(counter.value)))
            case .gauge(let gauge): attributes.append((name, String(gauge.value)))
            case .computed(let value): attributes.append((name, value()))
            }
        }
        return attributes
    }
}
