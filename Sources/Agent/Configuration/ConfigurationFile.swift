internal import AvroRPC

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Reads a configuration file from disk; the only part of the configuration that touches it.
package enum ConfigurationFile {
    /// Larger files are refused: nobody configures an agent with them.
    package static let largest = 64 << 20

    /// The whole file.
    ///
    /// - Throws: when the file cannot be opened or read, or is too large; Flume then starts nothing.
    package static func contents(of path: String) throws(ConfigurationFault) -> [UInt8] {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw fault(path, "cannot be opened", errno) }
        defer { close(file) }
        var bytes: [UInt8] = []
        while true {
            var code: Int32 = 0
            let before = bytes.count
            let chunk = unsafe [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, count in
                let got = unsafe read(file, buffer.baseAddress, buffer.count)
                code = got < 0 ? errno : 0
                count = max(0, got)
            }
            if code == EINTR { continue }
            guard code == 0 else { throw fault(path, "cannot be read", code) }
            bytes += chunk
            if bytes.count == before { return bytes }
            guard bytes.count <= largest else {
                throw ConfigurationFault("`\(path)` is larger than \(largest) bytes")
            }
        }
    }

    private static func fault(_ path: String, _ what: String, _ code: Int32) -> ConfigurationFault {
        ConfigurationFault("`\(path)` \(what): \(SystemReason.text(of: code))")
    }
}
