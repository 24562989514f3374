/// A charset that sources can read text in, by Java's names.
enum JavaCharset: Hashable, Sendable {
    case utf8
    case latin1
    case ascii

    /// Names as Java knows them, in any case.
    init?(name: String) {
        switch name.uppercased() {
        case "UTF-8", "UTF8": self = .utf8
        case "ISO-8859-1", "ISO8859_1", "ISO8859-1", "ISO_8859-1", "LATIN1": self = .latin1
        case "US-ASCII", "ASCII", "ISO646-US": self = .ascii
        default: return nil
        }
    }
}
