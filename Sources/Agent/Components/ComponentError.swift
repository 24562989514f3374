/// Why a component cannot do what it was asked: what, where, why and what to do, in one line.
public struct ComponentError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of trouble; new kinds may be added.
    public struct Code: Hashable, Sendable {
        private let name: String
        /// No room within keep-alive.
        public static let channelFull = Code(name: "channelFull")
        /// The channel is stopping or cannot store.
        public static let channelClosed = Code(name: "channelClosed")
        /// The machine does not give what the component needs: a port in use, a file that cannot be read.
        public static let environment = Code(name: "environment")
        /// A key's value cannot be used.
        public static let configuration = Code(name: "configuration")
    }

    public var code: Code
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
