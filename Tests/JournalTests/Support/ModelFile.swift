import Journal

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// An open file of a `ModelDisk`.
final class ModelFile: JournalFile, @unchecked Sendable {
    private let disk: ModelDisk
    private let inode: ModelDisk.Inode
    private let path: String

    init(_ disk: ModelDisk, _ inode: ModelDisk.Inode, _ path: String) {
        self.disk = disk
        self.inode = inode
        self.path = path
    }

    func size() throws(FileSystemError) -> Int { inode.live.count }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(FileSystemError) -> Int {
        if disk.isDown { throw FileSystemError("read", path, EIO) }
        let count = min(buffer.count, max(0, inode.live.count - offset))
        if count == 0 { return 0 }
        disk.bytesRead += count
        if !inode.unreadable.isEmpty,
            (offset / 4_096...(offset + count - 1) / 4_096).contains(where: inode.unreadable.contains)
        {
            throw FileSystemError("read", path, EIO)
        }
        if path.contains(disk.faults.scope), disk.chance(disk.faults.reads) { throw FileSystemError("read", path, EIO) }
        inode.live.withUnsafeBytes { live in
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: live[offset..<(offset + count)]))
        }
        return count
    }

    func write(_ pieces: ArraySlice<UnsafeRawBufferPointer>, at offset: Int) throws(FileSystemError) -> Int {
        let bytes = pieces.flatMap(Array.init)
        try disk.step(part(of: offset), path, disk.faults.writes)
        var count = bytes.count
        if count > 1, disk.chance(disk.faults.shortWrites) { count = Int.random(in: 1..<count, using: &disk.dice) }
        let growth = offset + count - inode.live.count
        if growth > 0 {
            let room = disk.capacity == Int.max ? Int.max : disk.capacity - disk.used
            if growth > room {
                count -= growth - max(0, room)
                if count <= 0 { throw FileSystemError("write", path, ENOSPC) }
            }
        }
        let taken = Array(bytes[..<count])
        taken.withUnsafeBytes { inode.live.put($0, at: offset) }
        inode.pending.append(.init(offset: offset, bytes: taken))
        return count
    }

    func sync() throws(FileSystemError) {
        do throws(FileSystemError) {
            try disk.step("sync", path, disk.faults.syncs)
        } catch {
            // As Linux: the pages are clean now, some of them were written, and the next sync will say that all is well.
            if !disk.isDown { disk.land(inode, 500) }
            throw error
        }
        // Only what is dirty is written: what an earlier, failed sync marked clean is not.
        for write in inode.pending {
            write.bytes.withUnsafeBytes { inode.durable.put($0, at: write.offset) }
        }
        inode.pending = []
    }

    /// The part of a segment that an offset belongs to.
    private func part(of offset: Int) -> String {
        guard ModelDisk.kind(path) == "seg" else { return "write" }
        return offset == 0 ? "write header of" : offset == 4_096 ? "write seal of" : "write frames of"
    }
}

/// A lock on a `ModelDisk`.
final class ModelLock: @unchecked Sendable {
    private let disk: ModelDisk
    private let path: String
    private let token: Int

    init(_ disk: ModelDisk, _ path: String, _ token: Int) {
        self.disk = disk
        self.path = path
        self.token = token
    }

    deinit {
        if disk.locked[path]?.token == token { disk.locked[path] = nil }
    }
}
