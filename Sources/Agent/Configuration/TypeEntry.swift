/// One type of component that can be configured: its names and what it reads.
public struct TypeEntry: Sendable, Hashable {
    /// A key that holds a number of events, with its value when unset.
    public struct Count: Sendable, Hashable {
        public let key: String
        public let defaultValue: Int

        public init(_ key: String, default defaultValue: Int) {
            self.key = key
            self.defaultValue = defaultValue
        }
    }

    /// The bounds that a channel declares.
    public struct Limits: Sendable, Hashable {
        public let capacity: Count
        public let transactionCapacity: Count

        public init(capacity: Count, transactionCapacity: Count) {
            self.capacity = capacity
            self.transactionCapacity = transactionCapacity
        }
    }

    /// The short name, matched in any case; nil for a type that has only a class name.
    public let alias: String?
    /// The Java class of Flume that it stands for, or a name of the component's own; matched exactly. For kinds that
    /// have builders: the builder's.
    public let className: String
    public let keys: [KeySpec]
    /// For a source or sink that moves batches.
    public let batchSize: Count?
    /// For a channel that bounds its content.
    public let limits: Limits?

    public init(
        alias: String? = nil,
        className: String,
        keys: [KeySpec],
        batchSize: Count? = nil,
        limits: Limits? = nil
    ) {
        self.alias = alias
        self.className = className
        self.keys = keys
        self.batchSize = batchSize
        self.limits = limits
    }

    /// The shorter of its names, as a message should show it.
    public var shortName: String { alias ?? className }
}
