/// Whole numbers as java.lang.Integer.parseInt and Long.parseLong read them: a sign, then digits, nothing else.
enum JavaNumber {
    static func int(_ text: UnsafeRawBufferPointer) -> Int32? {
        guard let value = unsafe long(text) else { return nil }
        return Int32(exactly: value)
    }

    static func long(_ text: UnsafeRawBufferPointer) -> Int64? {
        guard let first = unsafe text.first else { return nil }
        let isSigned = first == UInt8(ascii: "-") || first == UInt8(ascii: "+")
        guard text.count > (isSigned ? 1 : 0) else { return nil }
        var value: Int64 = 0
        for at in (isSigned ? 1 : 0)..<text.count {
            let digit = unsafe text[at] &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            let (shifted, overflow) = value.multipliedReportingOverflow(by: 10)
            // Counted downwards, for the least number has no positive twin.
            let (sum, underflow) = shifted.subtractingReportingOverflow(Int64(digit))
            guard !overflow, !underflow else { return nil }
            value = sum
        }
        if first == UInt8(ascii: "-") { return value }
        return value == .min ? nil : -value
    }
}
