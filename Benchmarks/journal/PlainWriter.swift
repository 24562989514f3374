#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The limit that the journal is measured against: a loop of one write and one `fdatasync` over files that are filled and
/// synced already.
final class PlainWriter {
    static let fileSize = 64 << 20
    /// Bytes that are written at once at most.
    static let groupLimit = 8 << 20

    let files: [CInt]
    private let bytes = (0..<PlainWriter.groupLimit).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    private var file = 0
    private var at = 0

    /// Makes two files of 64 MiB.
    init(directory: String) {
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        files = (0..<2).map { index in
            let file = open("\(directory)/plain-\(index)", O_RDWR | O_CREAT, 0o644)
            for at in stride(from: 0, to: Self.fileSize, by: zeros.count) {
                _ = pwrite(file, zeros, zeros.count, off_t(at))
            }
            fsync(file)
            return file
        }
    }

    /// Writes so many bytes, to the nearest group; returns how many.
    func run(total: Int, group: Int) -> Int {
        precondition(group <= Self.groupLimit)
        var done = 0
        while done + group / 2 < total {
            if at + group > Self.fileSize { (file, at) = (1 - file, 0) }
            _ = pwrite(files[file], bytes, group, off_t(at))
            fdatasync(files[file])
            at += group
            done += group
        }
        return done
    }

    func remove(directory: String) {
        for (index, file) in files.enumerated() {
            close(file)
            unlink("\(directory)/plain-\(index)")
        }
    }
}

/// Seconds on the clock that no one sets.
func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// CPU seconds of this process.
func cpu() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
