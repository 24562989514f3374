#!/usr/bin/env python3
"""Defects for scripts/journal-defects: each replaces one text that must stand exactly once in one file."""
import sys

DEFECTS = {
    "answer-before-sync": (
        "Writing/GroupWriter.swift",
        "            try segment.file.sync()\n            syncNanoseconds",
        "            syncNanoseconds",
        "an append is answered after the write, before fdatasync",
    ),
    "believe-the-kernel": (
        "Recovery/UnsyncedTail.swift",
        "                try unsafe file.writeAll(UnsafeRawBufferPointer(rebasing: part[..<count]), at: at)\n",
        "                _ = count\n",
        "a start only syncs what may be in the kernel's memory alone",
    ),
    "cursor-ahead-of-delivery": (
        "Queue/QueueState.swift",
        "        out[ticket] = pieces\n",
        "        out[ticket] = pieces\n        for piece in pieces { done.insert(piece.sequences) }\n",
        "what is taken counts as delivered at once",
    ),
    "no-directory-sync": (
        "Writing/GroupWriter+Segments.swift",
        "            try files.syncDirectory(paths.data[directory])\n",
        "",
        "a new segment's name is not made durable",
    ),
    "no-cursor-directory-sync": (
        "Keeping/CursorFiles.swift",
        "        try files.syncDirectory(paths.checkpoint)\n",
        "",
        "a new cursor file's name is not made durable",
    ),
    "accept-bad-payload": (
        "Reading/FrameWalker.swift",
        "content = crc == header.payloadCRC ? .sound : .bad",
        "content = crc == header.payloadCRC || header.length >= 0 ? .sound : .bad",
        "a frame with a bad payload checksum is accepted",
    ),
    "read-without-lead": (
        "Format/FrameHeader.swift",
        "        let start = Self.size + (lead ?? 0)\n        return start..<(start + length)\n",
        "        Self.size..<(Self.size + length)\n",
        "a placed payload is looked for right behind the header",
    ),
    "place-nowhere": (
        "Writing/FrameGroup.swift",
        "FrameHeader.lead(address: address, offset: output.end)",
        "FrameHeader.lead(address: address & 0, offset: output.end)",
        "a large payload does not lie in the file as in memory",
    ),
    "accept-bad-header": (
        "Format/FrameHeader.swift",
        "        guard crc == (unsafe bytes.field(36, as: UInt32.self)) else { return nil }\n",
        "        _ = crc\n",
        "a frame with a bad header checksum is accepted",
    ),
    "retry-failed-sync": (
        "Writing/GroupWriter.swift",
        "            try segment.file.sync()\n            syncNanoseconds",
        "            do throws(FileSystemError) { try segment.file.sync() } catch { try segment.file.sync() }\n"
        "            syncNanoseconds",
        "a failed fdatasync is tried again on the same file and then believed",
    ),
    "build-on-failed-write": (
        "Writing/GroupWriter.swift",
        "            } catch {\n                abandon(error)\n                continue\n            }\n            active?.offset",
        "            } catch {\n                reportTrouble(error, in: segment.directory)\n"
        "                return .refused(JournalError(.noSpace, \"again\"))\n            }\n            active?.offset",
        "after a failed group the next one is written over it in the same segment",
    ),
    "direct-before-gathered": (
        "Writing/FrameOutput.swift",
        "        unsafe parts.append(.outside(bytes))\n",
        "        unsafe parts.insert(.outside(bytes), at: 0)\n",
        "a large payload is written where the bytes gathered before it belong",
    ),
    "done-beyond-the-end": (
        "Recovery/QueueRecovery.swift",
        "        if done.end > end {\n",
        "        if done.end < end, done.end > end {\n",
        "what is stored after a loss at the end, or after a power cut, gets sequences that count as done",
    ),
    "release-before-cursor-sync": (
        "Engine/QueueEngine+Keeping.swift",
        "$0.releasable(syncedFloor: keeper.syncedFloor)",
        "$0.releasable(syncedFloor: $0.done.floor)",
        "a segment is reused before a synced cursor covers it",
    ),
    "cursor-ahead-of-sync": (
        "Engine/QueueEngine+Keeping.swift",
        "options.sync == .everyGroup ? nil : writer.withLock { $0.synced }",
        "nil as UInt64?",
        "with an interval, the cursor says of what is only written that it is synced",
    ),
    "answer-of-a-failed-interval": (
        "Engine/QueueEngine+Writing.swift",
        "writer.active?.info ?? writer.closed.last",
        "writer.active?.info",
        "where the sync of an interval fails, what was written counts as waiting for ever",
    ),
    "keeper-sleeps": (
        "Queue/QueueState.swift",
        "    mutating func cursorIsRead() { isCursorAwaited = false }\n",
        "    mutating func cursorIsRead() {}\n",
        "the keeper is told of the first delivery only",
    ),
    "no-nonce": (
        "Format/SegmentID.swift",
        "        Checksum.of(UInt64(nonce), from: Checksum.of(number))\n",
        "        0\n",
        "checksums do not start from the segment's identity",
    ),
    "no-whole-records": (
        "Recovery/TailScan.swift",
        "            if record.first >= synced {",
        "            if record.first == UInt64.max {",
        "an unfinished record at the tail is kept",
    ),
    "void-not-remembered": (
        "Recovery/QueueRecovery.swift",
        "        for range in void { done.insert(range) }\n",
        "        _ = void\n",
        "holes that a crash left count as items",
    ),
    "headerless-from-floor": (
        "Recovery/QueueRecovery.swift",
        "        var walker = walker(over: segment)\n        while let step = try? walker.next(wanted: 0) {\n"
        "            if case .damage",
        "        var walker = walker(over: segment)\n        walker.expected = first\n"
        "        while let step = try? walker.next(wanted: 0) {\n            if case .damage",
        "in a segment without a header, a record that is done in part is taken for damage",
    ),
    "loss-in-silence": (
        "Queue/QueueState.swift",
        "                counters.lostItems += items\n",
        "",
        "items lost to damage are not counted",
    ),
    "give-back-lost": (
        "Queue/QueueState.swift",
        "            for piece in pieces { back(piece) }\n",
        "            break\n",
        "what was not delivered is not given again",
    ),
}


def main(arguments):
    if arguments == ["--names"]:
        print("\n".join(DEFECTS))
        return 0
    if arguments == ["--list"]:
        for name, (path, _, _, text) in DEFECTS.items():
            print(f"{name}: {text} ({path})")
        return 0
    undo = arguments[0] == "--undo"
    if undo:
        arguments = arguments[1:]
    name, scratch = arguments
    path, old, new, _ = DEFECTS[name]
    whole = f"{scratch}/Sources/Journal/{path}"
    if undo:
        with open(f"{scratch}/whole/{path}") as source, open(whole, "w") as target:
            target.write(source.read())
        return 0
    with open(whole) as file:
        text = file.read()
    if text.count(old) != 1:
        print(f"{name}: does not apply: {text.count(old)} places in {path}", file=sys.stderr)
        return 1
    with open(whole, "w") as file:
        file.write(text.replace(old, new))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
