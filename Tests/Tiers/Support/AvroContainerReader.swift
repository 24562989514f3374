import CAvro
import Events
import TestSupport

/// Reads an Avro container file of events with libavro, schema and all.
enum AvroContainerReader {
    struct Failure: Error, CustomStringConvertible {
        let description = String(cString: avro_strerror())
    }

    static func schema(of path: String) throws -> String {
        try open(path) { reader in
            let schema = avro_file_reader_get_writer_schema(reader)
            defer { avro_schema_decref(schema) }
            var text = [CChar](repeating: 0, count: 4_096)
            let writer = avro_writer_memory(&text, Int64(text.count))
            defer { avro_writer_free(writer) }
            guard avro_schema_to_json(schema, writer) == 0 else { throw Failure() }
            let bytes = text.prefix(Int(avro_writer_tell(writer))).map(UInt8.init(bitPattern:))
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    static func events(of path: String) throws -> [Event] {
        try open(path) { reader in
            let schema = avro_file_reader_get_writer_schema(reader)
            defer { avro_schema_decref(schema) }
            let interface = avro_generic_class_from_schema(schema)
            defer { tributary_avro_class_free(interface) }
            var value = avro_value_t()
            guard avro_generic_value_new(interface, &value) == 0 else { throw Failure() }
            defer { avro_value_decref(&value) }
            var events: [Event] = []
            while true {
                let result = avro_file_reader_read_value(reader, &value)
                if result == EOF { return events }
                guard result == 0, let event = LibavroEvent.read(&value) else { throw Failure() }
                events.append(event)
            }
        }
    }

    private static func open<Result>(_ path: String, _ body: (avro_file_reader_t) throws -> Result) throws -> Result {
        var reader: avro_file_reader_t?
        guard avro_file_reader(path, &reader) == 0, let reader else { throw Failure() }
        defer { avro_file_reader_close(reader) }
        return try body(reader)
    }
}
