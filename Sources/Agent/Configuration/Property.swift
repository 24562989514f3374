/// One key and value of a properties file, unescaped as java.util.Properties does, not trimmed.
package struct Property: Sendable, Hashable {
    package var key: String
    package var value: String
    /// Where the key starts.
    package var location: SourceLocation
    /// Where the value starts, on a later line than the key if the line before was continued at that point.
    package var valueLocation: SourceLocation
    /// Whether the value stands in the file as it is: no escape, continuation or substitution, so that a place in the
    /// value is that place in the file.
    package var isVerbatim: Bool

    package init(
        key: String,
        value: String,
        location: SourceLocation,
        valueLocation: SourceLocation,
        isVerbatim: Bool = true
    ) {
        self.key = key
        self.value = value
        self.location = location
        self.valueLocation = valueLocation
        self.isVerbatim = isVerbatim
    }
}
