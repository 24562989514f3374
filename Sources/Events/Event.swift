public import NIOCore

/// One event as Flume's users know it: string headers and a body of bytes.
///
/// The convenient form, for who makes or prints single events. What moves between components is the `EventBatch`.
public struct Event: Hashable, Sendable {
    public var headers: [String: String]
    public var body: ByteBuffer

    public init(headers: [String: String] = [:], body: ByteBuffer) {
        self.headers = headers
        self.body = body
    }

    public init(headers: [String: String] = [:], body: String) {
        self.init(headers: headers, body: ByteBuffer(string: body))
    }
}
