/// Why bytes are not the Avro datum they should be.
///
/// `offset` counts from the first byte of the datum that was being read. Nothing was sliced or reserved on the strength
/// of a length or count that did not fit what was left.
public struct AvroError: Error, Hashable, CustomStringConvertible {
    /// What kind of damage it is; new kinds may be added.
    public struct Code: Hashable, Sendable {
        let text: String

        /// The datum goes on past the last byte.
        public static let truncated = Code(text: "the data end inside a value")
        /// A variable-length integer of more than ten bytes, or of more than 64 bits.
        public static let varintTooLong = Code(text: "an integer has more than 64 bits")
        /// A string, bytes or block size below zero.
        public static let negativeLength = Code(text: "a length is negative")
        /// A length that reaches past the last byte.
        public static let lengthPastEnd = Code(text: "a length is larger than what is left")
        /// A block that announces more entries than could stand in what is left.
        public static let countPastEnd = Code(text: "a count is larger than what is left could hold")
        /// A block written with its size in bytes, whose entries take another number of bytes.
        public static let blockSizeMismatch = Code(text: "a block's size in bytes does not match its entries")
        /// A union index, enum value or boolean that the schema does not have.
        public static let notInSchema = Code(text: "a value is not in the schema")
        /// More bytes of events than a batch can address (4 GiB).
        public static let batchTooLarge = Code(text: "a batch is larger than 4 GiB")
        /// More events in a batch than `EventLimits` allow.
        public static let tooManyEvents = Code(text: "a batch holds more events than the limit")
        /// More headers in an event than `EventLimits` allow.
        public static let tooManyHeaders = Code(text: "an event holds more headers than the limit")
        /// A header map larger than `EventLimits` allow.
        public static let headersTooLarge = Code(text: "an event's headers are larger than the limit")
        /// A body larger than `EventLimits` allow.
        public static let bodyTooLarge = Code(text: "an event's body is larger than the limit")
    }

    public let code: Code
    public let offset: Int

    public init(_ code: Code, offset: Int) {
        self.code = code
        self.offset = offset
    }

    public var description: String { "malformed Avro data at byte \(offset): \(code.text)" }
}
