/// A place in a properties file: line and column count from 1, a column is one character of the file's charset.
public struct SourceLocation: Sendable, Hashable, CustomStringConvertible {
    public let file: String
    public let line: Int
    public let column: Int

    public init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    public var description: String { "\(file):\(line):\(column)" }

    /// The place `characters` further right on the same line.
    package func moved(by characters: Int) -> SourceLocation {
        SourceLocation(file: file, line: line, column: column + characters)
    }
}
