import Agent
import Events
import Foundation
import NIOCore
import Synchronization

/// Writes each event's body as a line to a file that is open already: 1 is standard output.
final class LineSink: Sink {
    /// How a properties file names this sink, and the keys it may set.
    static let type = TypeEntry(
        alias: "lines",
        className: "com.example.LineSink",
        keys: [KeySpec("descriptor"), KeySpec("batchSize")],
        batchSize: .init("batchSize", default: 100)
    )

    let batchSize: Int
    private let file: FileHandle
    private let reports = Mutex(SinkReports { _ in })

    init(_ context: SinkContext) throws(ConfigurationFault) {
        let settings = context.settings
        batchSize = try settings.int("batchSize", default: 100, min: 1)
        let descriptor = try settings.int("descriptor", default: 1, min: 0, max: 1023)
        guard descriptor != 0 else {
            throw settings.fault("descriptor", "0 is standard input", advice: "use 1, standard output, or 2")
        }
        file = FileHandle(fileDescriptor: Int32(descriptor))
    }

    func start(_ reports: SinkReports) async throws(ComponentError) {
        self.reports.withLock { $0 = reports }
    }

    /// Answers within the call. A sink whose far side takes its time accepts, and reports from elsewhere later.
    func submit(_ batch: EventBatch, number: DeliveryNumber, deadline: NIODeadline?) -> Submission {
        var lines = Data()
        for event in batch.events {
            lines.append(contentsOf: event.body.readableBytesView)
            lines.append(0x0A)
        }
        let reports = reports.withLock { $0 }
        do {
            try file.write(contentsOf: lines)
            reports.finished(number, .delivered)
        } catch {
            reports.finished(number, .notDelivered(SinkFailure("cannot write: \(error)")))
        }
        return .accepted
    }

    func stop(deadline: NIODeadline) async {}
}
