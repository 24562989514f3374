internal import Logging
internal import NIOCore

extension TaildirDriver {
    // MARK: - Positions

    /// Writes the positions, where they have moved and are not being written.
    func save(_ done: @escaping @Sendable (isolated TaildirDriver) -> Void = { _ in }) {
        let positions = self.positions()
        guard !isSaving, positions != lastSaved else {
            done(self)
            return
        }
        isSaving = true
        let store = store
        let work: @Sendable () -> FileFailure? = {
            do throws(FileFailure) {
                try store.save(positions)
                return nil
            } catch {
                return error
            }
        }
        job(
            work,
            then: { driver, failure in
                driver.isSaving = false
                if let failure {
                    driver.log.log(
                        .error,
                        "cannot write the position file; it is tried again",
                        metadata: ["file": "\(store.path)", "reason": "\(failure)"]
                    )
                } else {
                    driver.lastSaved = positions
                }
                done(driver)
            }
        )
    }

    /// In the order in which the files became known.
    private func positions() -> [FilePosition] {
        var told: Set<Int> = []
        let known = files.values.sorted { $0.id < $1.id }.compactMap { file -> FilePosition? in
            // Not looked into yet: what was said of it stands.
            if let stored = file.stored { return stored }
            // Where nothing of its new content was delivered yet, its entry speaks of the old one.
            let old = contents[file.content]?.progress.delivered.offset == 0 ? file.sought : nil
            guard let progress = contents[old ?? file.content]?.progress, !isOpenQuestion(file, progress.delivered)
            else { return nil }
            if let old { told.insert(old) }
            return FilePosition(
                inode: file.inode,
                position: progress.delivered.offset,
                path: file.path,
                mark: progress.delivered,
                earlier: progress.earlier,
                modified: old.map { sought[$0]?.modified } ?? file.modified
            )
        }
        return known
            + sought.keys.sorted().compactMap { content in
                guard !told.contains(content), let search = sought[content],
                    let progress = contents[content]?.progress
                else { return nil }
                return search.position(progress)
            }
    }

    /// Whether it is not known yet what a file holds. The next start asks anew, for with a position of 0 a copy would be read
    /// again, whole; but where a start passes over what it does not know (`skipToEnd`) nothing is left out.
    private func isOpenQuestion(_ file: TailedFile, _ delivered: ContentMark) -> Bool {
        guard delivered.offset == 0 else { return false }
        switch file.phase {
        case .failed: return true
        case .suspect: return !settings.skipToEnd
        case .new: return !settings.skipToEnd && (file.unread == nil || !file.isSighted)
        case .reading, .closed: return false
        }
    }
}
