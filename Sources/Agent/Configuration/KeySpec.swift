/// One key that a type of component reads. The name is relative to the component; a name that ends in `*` stands for
/// every key that begins with what is before it: `kafka.producer.*`.
public struct KeySpec: Sendable, Hashable {
    /// How the value is to be understood, as far as it can be checked before the component is made.
    public enum Form: Sendable, Hashable {
        case text
        /// `true` in any case, all else means false; other words than `true` and `false` get a note.
        case boolean
        /// The alias or class name of another part. The keys that begin with this key and a dot are that part's.
        case type(ComponentKind)
    }

    public let name: String
    public let isRequired: Bool
    public let form: Form
    /// Why setting the key changes nothing; nil for a key that does something.
    public let withoutEffect: String?
    /// For a `type` key: the type when the key is not set.
    public let defaultType: String?

    public init(
        _ name: String,
        required: Bool = false,
        form: Form = .text,
        withoutEffect: String? = nil,
        defaultType: String? = nil
    ) {
        self.name = name
        isRequired = required
        self.form = form
        self.withoutEffect = withoutEffect
        self.defaultType = defaultType
    }

    /// What every matching key begins with; nil when the name is exact.
    var prefix: Substring? {
        name.utf8.last == 0x2A ? name.dropLast() : nil
    }
}
