/// Turns the arguments that Flume's launcher takes into those of one parser: Java's `-Dkey=value` and `-Xmx…`, and the
/// long names that commons-cli also takes with one dash or cut short (`-name a`, `--conf-fi x`).
package enum FlumeArguments {
    /// - Parameter longNames: the long options of the command, without dashes.
    package static func translate(_ arguments: [String], longNames: [String]) -> [String] {
        var result: [String] = []
        for argument in arguments {
            if argument.hasPrefix("-D"), argument.count > 2 {
                result += ["--define", String(argument.dropFirst(2))]
            } else if argument.hasPrefix("-X") || argument.hasPrefix("-agent") || argument.hasPrefix("-javaagent") {
                result += ["--java-option=\(argument)"]
            } else {
                result.append(long(argument, longNames) ?? argument)
            }
        }
        return result
    }

    /// The full spelling of a long option given with one dash or as a unique prefix.
    private static func long(_ argument: String, _ names: [String]) -> String? {
        let dashes = argument.prefix { $0 == "-" }.count
        guard dashes == 1 || dashes == 2, argument.count > dashes + 1 else { return nil }
        let text = argument.dropFirst(dashes)
        let name = text.prefix { $0 != "=" }
        let value = text.dropFirst(name.count)
        if names.contains(String(name)) { return "--\(name)\(value)" }
        let matches = names.filter { $0.hasPrefix(name) }
        return matches.count == 1 && dashes == 2 ? "--\(matches[0])\(value)" : nil
    }
}
