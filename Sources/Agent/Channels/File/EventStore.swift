internal import Events
internal import Journal
internal import Logging
internal import NIOPosix
internal import Synchronization

/// A durable queue of batches with all that a channel needs round it: opened and closed on threads of its own, its troubles
/// in an operator's words, its room given back where events are lost to damage.
final class EventStore: Sendable {
    typealias Queue = DurableQueue<LocalFileSystem, EventBatch>

    let queue: Queue
    private let lost: @Sendable (Int) -> Void
    private let reach: Reach
    /// Of the lost events, those that `lost` knows of.
    private let toldLost: Mutex<UInt64>

    private init(_ queue: Queue, _ reach: Reach, lost: @escaping @Sendable (Int) -> Void) {
        self.queue = queue
        self.reach = reach
        self.lost = lost
        toldLost = Mutex(queue.report.lostItems)
    }

    /// Opens the queue; looks first whether the directories are a Java Flume's, in which nothing is changed.
    ///
    /// - Parameters:
    ///   - told: every notice of the queue, on its threads; must not block.
    ///   - lost: how many events of those that the start found, or of later ones, are lost; on any thread, under no lock of
    ///     the queue, from `watchLosses` on.
    static func open(
        _ settings: FileChannelSettings,
        told: @escaping @Sendable (JournalNotice) -> Void,
        lost: @escaping @Sendable (Int) -> Void
    ) async throws(ComponentError) -> EventStore {
        let reach = Reach()
        let notice: @Sendable (JournalNotice) -> Void = { notice in
            told(notice)
            // The queue must not be called from here.
            if notice.kind == .lost { NIOThreadPool.singleton.submit { _ in reach.store?.tellLost() } }
        }
        let opened = await BlockingThread.run("journal-open") { () -> Result<Queue, ComponentError> in
            do throws(ComponentError) {
                return .success(try open(settings, notice))
            } catch {
                return .failure(error)
            }
        }
        guard let opened else {
            throw .environment(settings.settings, "checkpointDir", "no thread can be started: the process has too many")
        }
        return EventStore(try opened.get(), reach, lost: lost)
    }

    /// What the queue's notices reach. They come before the store is made, and must not keep it.
    private final class Reach: Sendable {
        private struct Weak {
            weak var store: EventStore?
        }

        private let held = Mutex(Weak())

        var store: EventStore? { held.withLock { $0.store } }

        func set(_ store: EventStore) { held.withLock { $0.store = store } }
    }

    private static func open(
        _ settings: FileChannelSettings,
        _ notice: @escaping @Sendable (JournalNotice) -> Void
    ) throws(ComponentError) -> Queue {
        for directory in [settings.checkpointDirectory] + settings.dataDirectories {
            let names = FlumeFiles.found(in: directory)
            guard names.isEmpty else {
                let message = FlumeFiles.refusal(of: names, in: directory)
                throw .environment(settings.settings, settings.key(of: directory), message)
            }
        }
        var options = settings.journal
        options.notice = notice
        if let encryption = settings.encryption {
            do throws(EncryptionKeys.Fault) {
                options.cipher = SegmentEncryption(try EncryptionKeys(encryption))
            } catch {
                throw .environment(settings.settings, error.key, error.message)
            }
        }
        do throws(JournalError) {
            return try Queue(LocalFileSystem(), options)
        } catch {
            let key = error.code == .key ? "encryption.keyProvider" : settings.key(of: error.message)
            throw .environment(settings.settings, key, error.message)
        }
    }

    /// From now on, and for what was lost meanwhile, `lost` is called: the channel has counted what the start found.
    func watchLosses() {
        reach.set(self)
        tellLost()
    }

    /// Says how many more events are lost since this was asked last.
    private func tellLost() {
        let all = queue.counters.lostItems
        let news = toldLost.withLock { told in
            defer { told = max(told, all) }
            return all - min(all, told)
        }
        if news > 0 { lost(Int(news)) }
    }

    /// Stores what waits and gives the directories back.
    func close() async {
        let queue = queue
        let isClosed: Void? = await BlockingThread.run("journal-close") { queue.close() }
        // Without a thread the caller waits itself: what is not closed may be delivered twice.
        if isClosed == nil { queue.close() }
    }
}

extension ComponentError {
    /// Why a batch was not stored, for its source.
    init(_ error: JournalError) {
        self.init(error.isRetriable ? .channelFull : .channelClosed, error.message)
    }
}

extension JournalEnd {
    init(_ end: DeliveryEnd) {
        switch end {
        case .delivered: self = .delivered
        case .notDelivered: self = .notDelivered
        case .except(let events): self = .except(events)
        }
    }
}

extension JournalNotice {
    /// Writes it to a component's log.
    func tell(_ logger: Logger) {
        var metadata: Logger.Metadata = ["reason": "\(message)", "path": "\(path)"]
        if items > 0 { metadata["events"] = "\(items)" }
        logger.log(level: kind.isAlarm ? .error : .info, "the channel's files", metadata: metadata)
    }
}
