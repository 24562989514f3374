/// A value of Java's serialization, as far as key entries use it.
indirect enum JavaValue: Sendable {
    case null
    case text(String)
    case bytes(ArraySlice<UInt8>)
    /// An enum constant by its name.
    case constant(String)
    case object(JavaObject)

    var text: String? { if case .text(let text) = self { text } else { nil } }
    var bytes: ArraySlice<UInt8>? { if case .bytes(let bytes) = self { bytes } else { nil } }
    var constant: String? { if case .constant(let name) = self { name } else { nil } }
    var object: JavaObject? { if case .object(let object) = self { object } else { nil } }
}

/// A serialized object: its class and the fields of the class and its parents by name.
struct JavaObject: Sendable {
    let className: String
    let fields: [String: JavaValue]
}
