extension [UInt8] {
    /// An Avro `long`: zigzag, then seven bits a byte, the lowest first.
    mutating func appendAvro(long value: Int64) {
        var rest = UInt64(bitPattern: value << 1 ^ value >> 63)
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(truncatingIfNeeded: rest))
    }

    /// Avro `string` or `bytes`.
    mutating func appendAvro(_ bytes: [UInt8]) {
        appendAvro(long: Int64(bytes.count))
        append(contentsOf: bytes)
    }

    /// Avro `string` or `bytes`.
    mutating func appendAvro(_ bytes: UnsafeRawBufferPointer) {
        appendAvro(long: Int64(bytes.count))
        unsafe append(contentsOf: bytes)
    }

    /// A number's digits as an Avro `string`.
    mutating func appendAvro(decimal value: Int64) {
        let start = count
        append(0)
        append(decimal: value)
        // At most 20 characters, so their number takes one byte.
        self[start] = UInt8(count - start - 1) << 1
    }

    /// A number's digits.
    mutating func append(decimal value: Int64) {
        if value < 0 { append(UInt8(ascii: "-")) }
        unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.longestDecimal) { digits in
            var start = digits.count
            var rest = value.magnitude
            repeat {
                start -= 1
                unsafe digits[start] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            } while rest > 0
            unsafe append(contentsOf: UnsafeBufferPointer(rebasing: digits[start...]))
        }
    }

    /// Digits of the greatest magnitude.
    private static var longestDecimal: Int { 19 }
}
