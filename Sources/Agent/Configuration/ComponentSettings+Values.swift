extension ComponentSettings {
    public func string(_ key: String) -> String? {
        values[key]?.value
    }

    public func string(_ key: String, default fallback: String) -> String {
        values[key]?.value ?? fallback
    }

    /// The value of a key that must be set.
    public func required(_ key: String) throws(ConfigurationFault) -> String {
        guard let value = values[key]?.value else { throw missing(key) }
        return value
    }

    /// Java's Boolean.parseBoolean: true for "true" in any case, false for every other text.
    public func bool(_ key: String, default fallback: Bool) -> Bool {
        guard let value = values[key]?.value else { return fallback }
        return value.lowercased() == "true"
    }

    /// A decimal number in Java's int range, narrowed by `min` and `max`.
    public func int(
        _ key: String,
        default fallback: Int,
        min: Int = Int(Int32.min),
        max: Int = Int(Int32.max)
    ) throws(ConfigurationFault) -> Int {
        guard let value = values[key]?.value else { return fallback }
        return Int(try number(value, key: key, min: Int64(min), max: Int64(max)))
    }

    /// The number of a key that must be set.
    public func requiredInt(
        _ key: String,
        min: Int = Int(Int32.min),
        max: Int = Int(Int32.max)
    ) throws(ConfigurationFault) -> Int {
        Int(try number(try required(key), key: key, min: Int64(min), max: Int64(max)))
    }

    /// A decimal number in Java's long range, narrowed by `min` and `max`.
    public func int64(
        _ key: String,
        default fallback: Int64,
        min: Int64 = .min,
        max: Int64 = .max
    ) throws(ConfigurationFault) -> Int64 {
        guard let value = values[key]?.value else { return fallback }
        return try number(value, key: key, min: min, max: max)
    }

    /// For keys whose component, in Flume, goes on with the default when the number is bad: `note` gets a remark then.
    public func intOrDefault(
        _ key: String,
        default fallback: Int,
        min: Int = Int(Int32.min),
        max: Int = Int(Int32.max),
        note: (Diagnostic) -> Void
    ) -> Int {
        do {
            return try int(key, default: fallback, min: min, max: max)
        } catch {
            note(
                Diagnostic(
                    grade: .note,
                    location: error.location,
                    message: "\(error.message); the default \(fallback) is used, as in Flume",
                    advice: error.advice
                )
            )
            return fallback
        }
    }

    /// A decimal number as Java's Double.parseDouble reads it, without its hexadecimal form.
    public func double(_ key: String, default fallback: Double) throws(ConfigurationFault) -> Double {
        guard let value = values[key]?.value else { return fallback }
        var text = value
        if let last = text.utf8.last, [0x66, 0x46, 0x64, 0x44].contains(last),
            text.utf8.first.map(Self.isNumeric) == true
        {
            text.removeLast()
        }
        let isName = ["NaN", "Infinity", "+Infinity", "-Infinity", "+NaN", "-NaN"].contains(text)
        let isPlain = text.utf8.allSatisfy { Self.isNumeric($0) || $0 == 0x65 || $0 == 0x45 }
        guard isName || isPlain, let number = Double(text) else { throw fault(key, "`\(value)` is not a number") }
        return number
    }

    private static func isNumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || byte == 0x2B || byte == 0x2D || byte == 0x2E
    }

    /// A time that the file gives in whole milliseconds.
    public func milliseconds(
        _ key: String,
        default fallback: Duration,
        min: Int64 = 0,
        max: Int64 = .max
    ) throws(ConfigurationFault) -> Duration {
        guard let value = values[key]?.value else { return fallback }
        return .milliseconds(try number(value, key: key, min: min, max: max, unit: "milliseconds"))
    }

    /// A time that the file gives in whole seconds.
    public func seconds(
        _ key: String,
        default fallback: Duration,
        min: Int64 = 0,
        max: Int64 = .max
    ) throws(ConfigurationFault) -> Duration {
        guard let value = values[key]?.value else { return fallback }
        return .seconds(try number(value, key: key, min: min, max: max, unit: "seconds"))
    }

    /// Words between white space; empty when the key is not set.
    public func list(_ key: String) -> [String] {
        values[key]?.words.map(\.text) ?? []
    }

    /// Words between commas, without the blanks round them; empty ones are left out.
    public func commaList(_ key: String) -> [String] {
        let parts = values[key]?.value.split(separator: ",") ?? []
        return parts.map { Setting.trimmed(String($0)) }.filter { !$0.isEmpty }
    }

    func missing(_ key: String, advice: String? = nil) -> ConfigurationFault {
        ConfigurationFault(
            "`\(fullKey(key))` is missing; \(kind.noun) `\(name)` needs it",
            location: location,
            advice: advice
        )
    }

    /// Java's parseInt and parseLong on trimmed text: a sign, then decimal digits and nothing else.
    private func number(
        _ value: String,
        key: String,
        min: Int64,
        max: Int64,
        unit: String? = nil
    ) throws(ConfigurationFault) -> Int64 {
        let kind = unit.map { "a whole number of \($0)" } ?? "a whole number"
        let digits = value.utf8.first == 0x2B || value.utf8.first == 0x2D ? value.utf8.dropFirst() : value.utf8[...]
        guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw fault(key, "`\(value)` is not \(kind)", advice: advice(onNumber: value))
        }
        guard let number = Int64(value), number >= min, number <= max else {
            throw fault(key, "\(value) is out of range: \(Self.range(min, max))")
        }
        return number
    }

    private func advice(onNumber value: String) -> String? {
        let digits = value.utf8.prefix { (0x30...0x39).contains($0) }
        guard !digits.isEmpty, digits.count < value.utf8.count else { return nil }
        return "digits only: no unit, no `_`, no point"
    }

    private static func range(_ min: Int64, _ max: Int64) -> String {
        let noMin = min == .min || min == Int64(Int32.min)
        let noMax = max == .max || max == Int64(Int32.max)
        if noMax, !noMin { return "at least \(min)" }
        if noMin, !noMax { return "at most \(max)" }
        return "\(min) to \(max)"
    }
}
