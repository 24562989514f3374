package import CAvro
package import Events
import NIOCore

/// An event as libavro has it.
package enum LibavroEvent {
    /// The event that a record of headers and body holds; nil where it is none.
    package static func read(_ record: inout avro_value_t) -> Event? {
        var map = avro_value_t()
        var entries = 0
        guard tributary_avro_field(&record, "headers", &map) == 0, tributary_avro_count(&map, &entries) == 0 else {
            return nil
        }
        var headers: [String: String] = [:]
        for entry in 0..<entries {
            var header = avro_value_t()
            var (key, text) = (UnsafePointer<CChar>?.none, UnsafePointer<CChar>?.none)
            var length = 0
            guard tributary_avro_at(&map, entry, &header, &key) == 0,
                tributary_avro_get_string(&header, &text, &length) == 0, let key, let text
            else { return nil }
            headers[String(cString: key)] = String(cString: text)
        }
        var body = avro_value_t()
        var start: UnsafeRawPointer?
        var length = 0
        guard tributary_avro_field(&record, "body", &body) == 0,
            tributary_avro_get_bytes(&body, &start, &length) == 0
        else { return nil }
        return Event(
            headers: headers,
            body: ByteBuffer(bytes: UnsafeRawBufferPointer(start: start, count: length))
        )
    }
}
