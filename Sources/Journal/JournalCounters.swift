/// What a queue has done since it was opened, and what it holds.
package struct JournalCounters: Hashable, Sendable {
    /// Items stored and not yet done, those taken included.
    package var pendingItems: UInt64 = 0
    /// Items and bytes of records stored.
    package var storedItems: UInt64 = 0
    package var storedBytes: UInt64 = 0
    /// Groups written, each with one sync, and their bytes in the files without what a cipher adds; nanoseconds spent syncing
    /// them.
    package var groups: UInt64 = 0
    package var groupBytes: UInt64 = 0
    package var syncNanoseconds: UInt64 = 0
    /// Items that were given back.
    package var returnedItems: UInt64 = 0
    /// Items lost to damage, those found at the start included.
    package var lostItems: UInt64 = 0
    /// Items read back from disk.
    package var readItems: UInt64 = 0
    /// Writes and syncs of the cursor.
    package var cursorWrites: UInt64 = 0
    package var cursorSyncs: UInt64 = 0
    /// Segments in use, and bytes of records in memory.
    package var segments = 0
    package var windowBytes = 0
    package var waitingBytes = 0
}
