import TestSupport

/// Events as a slow reader sees them, to compare with.
struct PlainEvents: Equatable {
    struct One: Equatable {
        /// The last value of each key.
        var headers: [[UInt8]: [UInt8]]
        var body: [UInt8]
    }

    var all: [One]
    /// Bytes read.
    var consumed: Int

    /// `nil` where the bytes do not begin with an array of events.
    init?(array bytes: [UInt8]) {
        var reader = PlainReader(bytes)
        guard let events = try? reader.array() else { return nil }
        all = events.map { One(headers: $0.headers, body: $0.body) }
        consumed = reader.at
    }

    /// `nil` where the bytes do not begin with an event.
    init?(single bytes: [UInt8]) {
        var reader = PlainReader(bytes)
        guard let event = try? reader.event() else { return nil }
        all = [One(headers: event.headers, body: event.body)]
        consumed = reader.at
    }
}
