internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Which component of an agent keeps its files where, so that two that name one directory are found before they start.
final class DirectoryClaims: Sendable {
    private let owners = Mutex<[String: String]>([:])

    /// Claims a directory for a channel; returns which channel has it already.
    func claim(_ directory: String, for channel: String) -> String? {
        let path = Self.absolute(directory)
        return owners.withLock { owners in
            if let owner = owners[path], owner != channel { return owner }
            owners[path] = channel
            return nil
        }
    }

    /// The path from the root on, without `.`, `..` and double slashes. Links are not looked at: the lock in the directory
    /// finds those.
    static func absolute(_ path: String) -> String {
        var whole = path
        if !path.hasPrefix("/"), let current = unsafe getcwd(nil, 0) {
            whole = unsafe String(cString: current) + "/" + path
            unsafe free(current)
        }
        var parts: [Substring] = []
        for part in whole.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }
}
