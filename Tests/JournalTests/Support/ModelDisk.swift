import Journal
import TestSupport

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A disk that forgets: what was not synced may be gone after a crash, sector by sector and in any order; so may names
/// whose directory was not synced. It fails where it is told to.
///
/// One thread at a time, which is why it is `@unchecked Sendable`.
final class ModelDisk: JournalFileSystem, @unchecked Sendable {
    typealias File = ModelFile
    typealias Lock = ModelLock

    static let sector = 512

    struct Write {
        var offset: Int
        var bytes: [UInt8]
    }

    final class Inode {
        /// What reads see, and what is on the platter.
        var live: [UInt8] = []
        var durable: [UInt8] = []
        var pending: [Write] = []
        /// 4 KiB blocks that cannot be read.
        var unreadable: Set<Int> = []

        func copy() -> Inode {
            let copy = Inode()
            copy.live = live
            copy.durable = durable
            copy.pending = pending
            copy.unreadable = unreadable
            return copy
        }
    }

    enum Entry {
        case link(String, Int)
        case unlink(String)
        case rename(String, String)
    }

    struct Directory {
        var live: [String: Int] = [:]
        var durable: [String: Int] = [:]
        var pending: [Entry] = []
    }

    /// What goes wrong, in thousandths of the calls.
    struct Faults {
        var writes = 0
        var syncs = 0
        var creates = 0
        var directorySyncs = 0
        var reads = 0
        var shortWrites = 0
        /// Only calls on paths with this in them fail.
        var scope = ""
    }

    var inodes: [Inode] = []
    var directories: [String: Directory] = [:]
    var locked: [String: (holder: String, token: Int)] = [:]
    var nextToken = 0
    var dice: SeededGenerator
    var faults = Faults()
    /// Bytes that all files may have together.
    var capacity = Int.max
    var clock: UInt64 = 1_000_000_000
    /// Changing calls so far, with their names where these are wanted; at `downAt` the power goes.
    var operations = 0
    var downAt = Int.max
    var isDown = false
    var trace: [String]?
    /// A failure that the disk was made to report at least once.
    var hasFailed = false
    var bytesRead = 0

    init(seed: UInt64) {
        dice = SeededGenerator(seed: seed)
    }

    func copy() -> ModelDisk {
        let copy = ModelDisk(seed: dice.next())
        copy.inodes = inodes.map { $0.copy() }
        copy.directories = directories
        copy.capacity = capacity
        copy.clock = clock
        copy.hasFailed = hasFailed
        return copy
    }

    /// Whether a power failure could take bytes of a file whose name begins so.
    func hasUnsynced(_ prefix: String) -> Bool {
        directories.values.contains { directory in
            directory.live.contains { $0.key.hasPrefix(prefix) && !inodes[$0.value].pending.isEmpty }
        }
    }

    // MARK: Failing

    func chance(_ thousandths: Int) -> Bool {
        thousandths > 0 && Int.random(in: 0..<1_000, using: &dice) < thousandths
    }

    /// Counts a changing call; the power goes before the one at `downAt`.
    func step(_ operation: String, _ path: String, _ faultiness: Int = 0) throws(FileSystemError) {
        if operations >= downAt { isDown = true }
        if isDown { throw FileSystemError(operation, path, EIO) }
        operations += 1
        trace?.append(operation + " " + Self.kind(path))
        if path.contains(faults.scope), chance(faultiness) {
            hasFailed = true
            throw FileSystemError(operation, path, EIO)
        }
    }

    static func kind(_ path: String) -> String {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        for kind in ["seg-", "spare-", "cursor.", "LOCK"] where name.hasPrefix(kind) {
            return name.hasSuffix(".new") ? "new cursor" : kind.trimmingSuffix()
        }
        return path.contains("quarantine") ? "quarantine" : "directory"
    }

    // MARK: Power

    /// The power fails and comes back: what was not synced is there in part, and every open file is gone.
    func powerCut() {
        let survival = [0, 200, 500, 800, 1_000][Int.random(in: 0..<5, using: &dice)]
        for inode in inodes {
            land(inode, survival)
            inode.live = inode.durable
        }
        for path in directories.keys.sorted() {
            guard var directory = directories[path] else { continue }
            // Metadata is ordered within a directory: a prefix survives.
            let count =
                chance(survival) ? directory.pending.count : Int.random(in: 0...directory.pending.count, using: &dice)
            for entry in directory.pending.prefix(survival == 0 ? 0 : count) { Self.apply(entry, &directory.durable) }
            directory.live = directory.durable
            directory.pending = []
            directories[path] = directory
        }
        restart()
    }

    /// The process is killed: the kernel keeps everything.
    func restart() {
        locked = [:]
        isDown = false
        downAt = Int.max
        faults = Faults()
    }

    /// Lets sectors of what is pending reach the platter or not.
    func land(_ inode: Inode, _ survival: Int) {
        let size = inode.durable.count
        for write in inode.pending {
            var at = 0
            while at < write.bytes.count {
                let place = write.offset + at
                let count = min(Self.sector - place % Self.sector, write.bytes.count - at)
                if chance(survival) {
                    write.bytes.withUnsafeBytes { bytes in
                        inode.durable.put(UnsafeRawBufferPointer(rebasing: bytes[at..<(at + count)]), at: place)
                    }
                }
                at += count
            }
        }
        inode.pending = []
        // The data was there, the file's new length was not.
        if inode.durable.count > size, chance(200) { inode.durable.removeLast(inode.durable.count - size) }
    }

    static func apply(_ entry: Entry, _ names: inout [String: Int]) {
        switch entry {
        case .link(let name, let inode): names[name] = inode
        case .unlink(let name): names[name] = nil
        case .rename(let old, let new):
            names[new] = names[old]
            names[old] = nil
        }
    }

    func change(_ path: String, _ entry: Entry) {
        let directory = Self.split(path).directory
        directories[directory, default: Directory()].pending.append(entry)
        Self.apply(entry, &directories[directory, default: Directory()].live)
    }

    static func split(_ path: String) -> (directory: String, name: String) {
        let parts = path.split(separator: "/")
        return ("/" + parts.dropLast().joined(separator: "/"), String(parts[parts.count - 1]))
    }

    func inode(_ path: String) -> Int? {
        let (directory, name) = Self.split(path)
        return directories[directory]?.live[name]
    }

    /// Bytes in all files that have a name.
    var used: Int {
        directories.values.reduce(0) { $0 + $1.live.values.reduce(0) { $0 + inodes[$1].live.count } }
    }

    // MARK: JournalFileSystem

    func makeDirectory(_ path: String) throws(FileSystemError) {
        if directories[path] == nil { directories[path] = Directory() }
    }

    func names(in directory: String) throws(FileSystemError) -> [String] {
        if isDown { throw FileSystemError("list", directory, EIO) }
        guard let names = directories[directory]?.live.keys.sorted() else {
            throw FileSystemError("list", directory, ENOENT)
        }
        return names
    }

    func create(_ path: String) throws(FileSystemError) -> ModelFile {
        try step("create", path, faults.creates)
        guard inode(path) == nil else { throw FileSystemError("create", path, EEXIST) }
        inodes.append(Inode())
        change(path, .link(Self.split(path).name, inodes.count - 1))
        return ModelFile(self, inodes[inodes.count - 1], path)
    }

    func open(_ path: String) throws(FileSystemError) -> ModelFile {
        if isDown { throw FileSystemError("open", path, EIO) }
        guard let inode = inode(path) else { throw FileSystemError("open", path, ENOENT) }
        return ModelFile(self, inodes[inode], path)
    }

    func rename(_ path: String, to newPath: String) throws(FileSystemError) {
        try step("rename", path, faults.creates)
        guard inode(path) != nil else { throw FileSystemError("rename", path, ENOENT) }
        change(path, .rename(Self.split(path).name, Self.split(newPath).name))
    }

    func remove(_ path: String) throws(FileSystemError) {
        guard inode(path) != nil else { throw FileSystemError("remove", path, ENOENT) }
        try step("remove", path)
        change(path, .unlink(Self.split(path).name))
    }

    func syncDirectory(_ path: String) throws(FileSystemError) {
        try step("sync", path, faults.directorySyncs)
        guard var directory = directories[path] else { throw FileSystemError("sync", path, ENOENT) }
        directory.durable = directory.live
        directory.pending = []
        directories[path] = directory
    }

    func freeBytes(in directory: String) throws(FileSystemError) -> Int {
        capacity == Int.max ? Int.max : max(0, capacity - used)
    }

    func lock(_ path: String, holder: String) throws(FileSystemError) -> LockAnswer<ModelLock> {
        if isDown { throw FileSystemError("lock", path, EIO) }
        if let taken = locked[path] { return .taken(by: taken.holder) }
        nextToken += 1
        locked[path] = (holder, nextToken)
        return .held(ModelLock(self, path, nextToken))
    }

    func now() -> UInt64 { clock }

    func random() -> UInt64 { dice.next() }
}

extension String {
    fileprivate func trimmingSuffix() -> String {
        hasSuffix("-") || hasSuffix(".") ? String(dropLast()) : self
    }
}

extension [UInt8] {
    /// Writes over what is there, growing with zeros up to `offset`.
    mutating func put(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
        if count < offset + bytes.count {
            append(contentsOf: [UInt8](repeating: 0, count: offset + bytes.count - count))
        }
        withUnsafeMutableBytes { UnsafeMutableRawBufferPointer(rebasing: $0[offset...]).copyMemory(from: bytes) }
    }
}
