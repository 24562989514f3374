/// Joins the natural lines of a properties file to logical ones, as java.util.Properties.LineReader does: blank and
/// comment lines fall out, a line that ends in an odd number of backslashes goes on in the next.
struct PropertiesLineReader {
    /// One character of a logical line with its place in the file.
    struct Unit {
        let scalar: UInt32
        let line: Int32
        let column: Int32
    }

    private let scalars: [UInt32]
    private var position = 0
    private var line: Int32 = 1
    private var column: Int32 = 0

    init(scalars: [UInt32]) {
        self.scalars = scalars
    }

    /// Puts the next logical line, unescaped yet, into `buffer`; false at the end of the file.
    mutating func next(into buffer: inout [Unit]) -> Bool {
        buffer.removeAll(keepingCapacity: true)
        var skipsBlanks = true
        var isFirst = true
        var isContinued = false
        var isEscaped = false
        while let unit = take() {
            let isEnd = unit.scalar == 0x0A
            if skipsBlanks {
                if Self.isBlank(unit.scalar) || (isEnd && !isContinued) { continue }
                skipsBlanks = false
                isContinued = false
            }
            if isFirst {
                isFirst = false
                if unit.scalar == 0x23 || unit.scalar == 0x21 {
                    skipLine()
                    isFirst = true
                    skipsBlanks = true
                    continue
                }
            }
            if !isEnd {
                buffer.append(unit)
                isEscaped = unit.scalar == 0x5C && !isEscaped
            } else if buffer.isEmpty {
                isFirst = true
                skipsBlanks = true
            } else if isEscaped {
                buffer.removeLast()
                isEscaped = false
                skipsBlanks = true
                isContinued = true
            } else {
                return true
            }
        }
        if isEscaped { buffer.removeLast() }
        return !buffer.isEmpty
    }

    static func isBlank(_ scalar: UInt32) -> Bool {
        scalar == 0x20 || scalar == 0x09 || scalar == 0x0C
    }

    /// The next character; LF, CR and CR LF all come as one LF.
    private mutating func take() -> Unit? {
        guard position < scalars.count else { return nil }
        let scalar = scalars[position]
        position += 1
        column &+= 1
        guard scalar == 0x0A || scalar == 0x0D else { return Unit(scalar: scalar, line: line, column: column) }
        if scalar == 0x0D, position < scalars.count, scalars[position] == 0x0A { position += 1 }
        let unit = Unit(scalar: 0x0A, line: line, column: column)
        line &+= 1
        column = 0
        return unit
    }

    private mutating func skipLine() {
        while let unit = take(), unit.scalar != 0x0A {}
    }
}
