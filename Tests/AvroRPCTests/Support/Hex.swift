import NIOCore

/// Bytes from hexadecimal digits; everything else in the text is passed over.
func hex(_ text: String) -> [UInt8] {
    let digits = text.utf8.compactMap { digit -> UInt8? in
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x61...0x66: digit - 0x57
        case 0x41...0x46: digit - 0x37
        default: nil
        }
    }
    return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

extension ByteBuffer {
    var allBytes: [UInt8] { Array(readableBytesView) }
}
