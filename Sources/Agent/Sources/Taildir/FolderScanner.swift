internal import Synchronization

/// Finds the files of all groups. Blocks: for the pool's threads.
final class FolderScanner: Sendable {
    /// A file that was seen.
    struct Sighting: Sendable {
        var group: Int
        var path: String
        var status: FileStatus
    }

    struct Scan: Sendable {
        /// Files that match, by group, the longest unwritten first (Flume's order).
        var files: [Sighting] = []
        /// Files asked for by inode that have a name that does not match.
        var strays: [Sighting] = []
        /// Folders, by group, that could not be listed.
        var failures: [(group: Int, reason: FileFailure)] = []
        /// Whether some of the files are links, whose folders are not watched.
        var hasLinks = false
    }

    private struct Listing {
        var key: FileKey
        var modified: Int64
        var entries: [FolderListing.Entry]
        var others: [FolderListing.Entry]
    }

    private let groups: [FileGroup]
    private let keepsListings: Bool
    private let listings: Mutex<[Int: Listing]>

    /// - Parameter keepsListings: `cachePatternMatching`: a folder is listed again only when it has changed.
    init(groups: [FileGroup], keepsListings: Bool) {
        self.groups = groups
        self.keepsListings = keepsListings
        listings = Mutex([:])
    }

    /// - Parameter wanted: inodes to look for under any name.
    func scan(wanted: Set<UInt64>) -> Scan {
        var scan = Scan()
        for index in groups.indices {
            do throws(FileFailure) {
                let listing = try listing(index)
                var files: [Sighting] = []
                for entry in listing.entries {
                    guard let found = sighting(index, entry) else { continue }
                    files.append(found)
                    scan.hasLinks = scan.hasLinks || entry.isLink
                }
                scan.files += files.sorted { $0.status.modified < $1.status.modified }
                for entry in listing.others where wanted.contains(entry.inode) {
                    if let found = sighting(index, entry) { scan.strays.append(found) }
                }
            } catch {
                scan.failures.append((index, error))
            }
        }
        return scan
    }

    private func sighting(_ group: Int, _ entry: FolderListing.Entry) -> Sighting? {
        let folder = groups[group].folder
        let path = folder == "/" ? "/\(entry.name)" : "\(folder)/\(entry.name)"
        guard let status = try? FileStatus.of(path), status.isRegular else { return nil }
        return Sighting(group: group, path: path, status: status)
    }

    private func listing(_ index: Int) throws(FileFailure) -> Listing {
        let group = groups[index]
        let status = try FileStatus.of(group.folder)
        let kept = listings.withLock { $0[index] }
        if keepsListings, let kept, kept.key == status.key, kept.modified == status.modified { return kept }
        // The time of the folder is read before its names: what comes between shows as a change at the next look. A change
        // in the same tick of the kernel's clock does not, so a folder changed within the last second is not kept.
        var listing = Listing(key: status.key, modified: status.modified, entries: [], others: [])
        for entry in try FolderListing.entries(of: group.folder) {
            if group.pattern.matches(entry.name) {
                listing.entries.append(entry)
            } else {
                listing.others.append(entry)
            }
        }
        let isSettled = Int64(WallClock.milliseconds()) * 1_000_000 - status.modified > 1_000_000_000
        listings.withLock { $0[index] = isSettled ? listing : nil }
        return listing
    }
}
