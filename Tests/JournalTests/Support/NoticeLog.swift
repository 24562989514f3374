import Journal
import Synchronization

/// What a queue told its operator.
final class NoticeLog: Sendable {
    private let notices = Mutex<[JournalNotice]>([])

    func add(_ notice: JournalNotice) { notices.withLock { $0.append(notice) } }
    var all: [JournalNotice] { notices.withLock { $0 } }
    func items(_ kind: JournalNotice.Kind) -> UInt64 {
        all.reduce(0) { $1.kind == kind ? $0 + $1.items : $0 }
    }
    func count(_ kind: JournalNotice.Kind) -> Int { all.count { $0.kind == kind } }
}
