/// Java's system properties as a command line gives them.
package enum SystemProperties {
    /// `key=value` each; a key alone has the empty value, the last of a key counts.
    package static func parse(_ defines: [String]) -> [String: String] {
        var properties: [String: String] = [:]
        for define in defines {
            let parts = define.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            properties[String(parts[0])] = parts.count > 1 ? String(parts[1]) : ""
        }
        return properties
    }
}
