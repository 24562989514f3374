/// One remark about a configuration: how grave, where, what, and what to do about it.
public struct Diagnostic: Sendable, Hashable, CustomStringConvertible {
    /// How grave a remark is.
    public enum Grade: String, Sendable {
        /// The agent starts all the same.
        case note
        /// The file is wrong: the agent does not start, or, when lenient, starts without the component.
        case fault
        /// The file is right, the machine is not: a port in use, a key store that cannot be read.
        case environment

        /// What the process exits with when this is the gravest remark; 0 for a note.
        public var exitCode: Int32 {
            switch self {
            case .note: 0
            case .fault: Diagnostic.faultExitCode
            case .environment: Diagnostic.environmentExitCode
            }
        }
    }

    /// The exit code of an agent whose file has a fault.
    public static let faultExitCode: Int32 = 2
    /// The exit code of an agent whose machine does not allow what the file asks for.
    public static let environmentExitCode: Int32 = 3

    public let grade: Grade
    public let location: SourceLocation?
    public let message: String
    public let advice: String?

    public init(grade: Grade, location: SourceLocation? = nil, message: String, advice: String? = nil) {
        self.grade = grade
        self.location = location
        self.message = message
        self.advice = advice
    }

    /// One line, `path:12:1: fault: message; advice`. Control characters of the file's own text come out escaped.
    public var description: String {
        var text = ""
        if let location { text += "\(location): " }
        text += "\(grade.rawValue): \(message)"
        if let advice { text += "; \(advice)" }
        guard text.unicodeScalars.contains(where: Self.isControl) else { return text }
        var line = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if Self.isControl(scalar) {
                line.append(contentsOf: "\\u{\(String(scalar.value, radix: 16))}".unicodeScalars)
            } else {
                line.append(scalar)
            }
        }
        return String(line)
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.value == 0x2028 || scalar.value == 0x2029
    }

    /// The same remark as a mere note, with `reason` behind its message.
    func demoted(because reason: String) -> Diagnostic {
        guard grade != .note else { return self }
        return Diagnostic(grade: .note, location: location, message: "\(message) (\(reason))", advice: advice)
    }
}
