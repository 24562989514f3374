import CZlib
import Foundation

/// What went over one wire between Java's client and Java's server.
struct Capture {
    struct Connection {
        var client: [UInt8] = []
        var server: [UInt8] = []
        /// The client's bytes in the pieces they came in.
        var pieces: [[UInt8]] = []
    }

    struct Missing: Error {
        var name: String
    }

    /// In the order in which they were opened.
    var connections: [Connection] = []

    init(_ name: String, isDeflated: Bool = false) throws {
        guard
            let url = Bundle.module.url(forResource: name, withExtension: "json", subdirectory: "Captures"),
            let rows = try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [[Any]]
        else { throw Missing(name: name) }
        for row in rows {
            guard row.count == 4, let number = row[0] as? Int, let side = row[2] as? String,
                let text = row[3] as? String
            else { throw Missing(name: "a row of \(name)") }
            while connections.count < number { connections.append(Connection()) }
            if text == "EOF" { continue }
            let bytes = hex(text)
            if side == "C" {
                connections[number - 1].client += bytes
                connections[number - 1].pieces.append(bytes)
            } else {
                connections[number - 1].server += bytes
            }
        }
        guard isDeflated else { return }
        for index in connections.indices {
            connections[index].client = try inflated(connections[index].client)
            connections[index].server = try inflated(connections[index].server)
            connections[index].pieces = [connections[index].client]
        }
    }

    /// The protocol text of Flume 1.9 to 1.11 as Java's client sent it: capture 02, the frame with serial 2.
    static func protocolText() throws -> String {
        let capture = try Capture("02-old-protocol-client-unknown-to-server-NONE")
        guard let frame = PlainFrame.parse(capture.connections[0].client).frames.first(where: { $0.serial == 2 }) else {
            throw Missing(name: "serial 2 of 02")
        }
        var reader = PlainReader(frame.joined)
        guard reader.take(16) == Plain.released, reader.long() == 1, let text = reader.string() else {
            throw Missing(name: "text of 02")
        }
        return String(decoding: text, as: UTF8.self)
    }
}

/// One direction of a connection with `compression-type = deflate`: a zlib stream that is flushed but need not end.
func inflated(_ bytes: [UInt8], limit: Int = 1 << 20) throws -> [UInt8] {
    var stream = z_stream()
    guard inflateInit_(&stream, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
        throw Capture.Missing(name: "zlib")
    }
    defer { inflateEnd(&stream) }
    var input = bytes
    var output = [UInt8](repeating: 0, count: limit)
    let count = try input.withUnsafeMutableBufferPointer { input in
        try output.withUnsafeMutableBufferPointer { output in
            stream.next_in = input.baseAddress
            stream.avail_in = UInt32(input.count)
            stream.next_out = output.baseAddress
            stream.avail_out = UInt32(output.count)
            let result = inflate(&stream, Z_SYNC_FLUSH)
            guard [Z_OK, Z_STREAM_END, Z_BUF_ERROR].contains(result), stream.avail_in == 0 else {
                throw Capture.Missing(name: "zlib stream: \(result)")
            }
            return output.count - Int(stream.avail_out)
        }
    }
    return Array(output.prefix(count))
}
