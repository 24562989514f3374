internal import NIOCore

/// Reads a client's properties as Java would.
struct PropertyReader {
    private let properties: [String: String]

    init(_ properties: [String: String]) {
        self.properties = properties
    }

    /// The value without blanks round it; `nil` where there is none.
    func text(_ key: String) -> String? {
        guard let value = properties[key] else { return nil }
        let words = value.drop { $0.isWhitespace }
        guard let end = words.lastIndex(where: { !$0.isWhitespace }) else { return nil }
        return String(words[...end])
    }

    func words(_ key: String) -> [String] {
        properties[key]?.split(whereSeparator: \.isWhitespace).map(String.init) ?? []
    }

    /// Java's Boolean.parseBoolean.
    func flag(_ key: String) -> Bool { text(key)?.lowercased() == "true" }

    /// Java's Integer.parseInt.
    func number(
        _ key: String,
        _ range: ClosedRange<Int> = Int(Int32.min)...Int(Int32.max)
    ) throws(RPCPropertyFault) -> Int? {
        guard let text = text(key) else { return nil }
        let digits = text.hasPrefix("+") || text.hasPrefix("-") ? text.dropFirst() : text[...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            let isUnit = digits.utf8.first.map { (0x30...0x39).contains($0) } ?? false
            throw RPCPropertyFault(
                key,
                "`\(text)` is not a whole number",
                advice: isUnit ? "digits only: no unit, no `_`, no point" : nil
            )
        }
        guard let number = Int(text), range.contains(number) else {
            throw RPCPropertyFault(key, "\(text) is out of range: \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// A waiting time; below 1000 the default counts, as in Flume (NettyAvroRpcClient).
    func milliseconds(_ key: String) throws(RPCPropertyFault) -> TimeAmount? {
        guard let number = try number(key), number >= 1000 else { return nil }
        return .milliseconds(Int64(number))
    }

    /// Whole seconds; 0 and less is never.
    func seconds(_ key: String) throws(RPCPropertyFault) -> TimeAmount? {
        guard let number = try number(key), number > 0 else { return nil }
        return .seconds(Int64(number))
    }
}
