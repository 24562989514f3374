#if canImport(Glibc)
internal import Glibc
#endif

/// How much memory channels may use where the file does not say: 80 % of what the process has (Flume: of the JVM's heap).
package enum MemoryLimit {
    /// - Parameter javaOptions: `-Xmx` of a Flume command line or flume-env.sh, which then counts.
    package static func channelBytes(javaOptions: [String]) -> Int {
        (heap(javaOptions) ?? machine()) / 10 * 8
    }

    /// The last `-Xmx` of Java's options in bytes: digits and `k`, `m`, `g` or `t`.
    static func heap(_ options: [String]) -> Int? {
        guard let option = options.last(where: { $0.hasPrefix("-Xmx") }) else { return nil }
        let text = option.dropFirst(4).lowercased()
        let units: [Character: Int] = ["k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40]
        let unit = text.last.flatMap { units[$0] }
        guard let number = Int(unit == nil ? text[...] : text.dropLast()), number > 0 else { return nil }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: unit ?? 1)
        return overflow ? nil : bytes
    }

    private static func machine() -> Int {
        let pages = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
        let limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"].compactMap { path in
            (try? ConfigurationFile.contents(of: path)).flatMap {
                Int(Setting.trimmed(String(decoding: $0, as: UTF8.self)))
            }
        }
        return min(pages, limits.min() ?? pages)
    }
}
