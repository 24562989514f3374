/// Why a component's settings cannot be used. Thrown by the accessors of `ComponentSettings` and by components that
/// find their settings contradictory; the loader turns it into a `Diagnostic`.
public struct ConfigurationFault: Error, Sendable, Hashable, CustomStringConvertible {
    public let message: String
    public let location: SourceLocation?
    public let advice: String?

    public init(_ message: String, location: SourceLocation? = nil, advice: String? = nil) {
        self.message = message
        self.location = location
        self.advice = advice
    }

    public var diagnostic: Diagnostic {
        Diagnostic(grade: .fault, location: location, message: message, advice: advice)
    }

    public var description: String { diagnostic.description }
}
