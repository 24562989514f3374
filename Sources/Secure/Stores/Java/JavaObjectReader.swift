/// Reads one object of a Java serialization stream (Java Object Serialization Specification, 6): objects of plain
/// classes with fields that are byte arrays, strings, enum constants or such objects.
///
/// All else (classes that write themselves, proxies, blocks of data, other arrays, numbers) is refused: no key entry
/// has it. It makes no class and runs nothing. Depth, fields and handles are bounded.
struct JavaObjectReader {
    enum Fault: Error {
        case end
        case wrong(String)
    }

    private enum Code {
        static let magic = 0xACED
        static let version = 5
        static let null: UInt8 = 0x70
        static let reference: UInt8 = 0x71
        static let classDescription: UInt8 = 0x72
        static let object: UInt8 = 0x73
        static let string: UInt8 = 0x74
        static let array: UInt8 = 0x75
        static let endOfBlock: UInt8 = 0x78
        static let enumeration: UInt8 = 0x7E
        /// `baseWireHandle`.
        static let firstHandle = 0x7E_0000
        /// `SC_SERIALIZABLE` alone: no method of its own writes it.
        static let plain: UInt8 = 0x02
        /// `SC_ENUM | SC_SERIALIZABLE`.
        static let enumClass: UInt8 = 0x12
    }

    private static let deepest = 8
    private static let mostFields = 16
    private static let mostHandles = 64

    private struct Description {
        let name: String
        let flags: UInt8
        /// Type character and name.
        let fields: [(type: UInt8, name: String)]
        /// Index into `handles`.
        let parent: Int?
    }

    private enum Handle {
        /// Given out, not read to its end: a reference to it from inside would be a circle.
        case open
        case description(Description)
        case value(JavaValue)
    }

    private(set) var cursor: ByteCursor
    private var handles: [Handle] = []

    init(_ cursor: ByteCursor) {
        self.cursor = cursor
    }

    /// The stream's head and its first object; what follows is left to the caller.
    mutating func read() throws(Fault) -> JavaValue {
        guard try self.short() == Code.magic, try self.short() == Code.version else {
            throw .wrong("no serialized object")
        }
        return try self.value(depth: 0)
    }

    private mutating func value(depth: Int) throws(Fault) -> JavaValue {
        guard depth < Self.deepest else { throw .wrong("objects inside objects") }
        let code = try self.byte()
        switch code {
        case Code.null: return .null
        case Code.reference:
            guard case .value(let value) = try self.referenced().handle else { throw .wrong("a reference to no value") }
            return value
        case Code.string:
            let index = try self.newHandle()
            return self.close(index, .text(try self.text()))
        case Code.array:
            let description = try self.description(depth: depth + 1)
            guard description?.name == "[B" else { throw .wrong("an array of something else than bytes") }
            let index = try self.newHandle()
            return self.close(index, .bytes(try self.take(try self.int())))
        case Code.enumeration:
            guard let description = try self.description(depth: depth + 1), description.flags == Code.enumClass else {
                throw .wrong("an enum without its class")
            }
            let index = try self.newHandle()
            guard let name = try self.value(depth: depth + 1).text else { throw .wrong("an enum without a name") }
            return self.close(index, .constant(name))
        case Code.object:
            guard let description = try self.description(depth: depth + 1) else {
                throw .wrong("an object without a class")
            }
            let index = try self.newHandle()
            let fields = try self.fields(of: description, depth: depth + 1)
            return self.close(index, .object(JavaObject(className: description.name, fields: fields)))
        default:
            throw .wrong("a piece of kind \(code)")
        }
    }

    /// The values of an object, the parents' first.
    private mutating func fields(of description: Description, depth: Int) throws(Fault) -> [String: JavaValue] {
        var line = [description]
        while let parent = line[0].parent, case .description(let next) = self.handles[parent] {
            line.insert(next, at: 0)
        }
        var fields: [String: JavaValue] = [:]
        for part in line {
            guard part.flags == Code.plain else {
                throw .wrong("class \(JavaKeyStoreEntry.printable(part.name)), which writes itself")
            }
            for field in part.fields {
                guard field.type == UInt8(ascii: "L") || field.type == UInt8(ascii: "[") else {
                    throw .wrong("a field that is a number")
                }
                fields[field.name] = try self.value(depth: depth)
            }
        }
        return fields
    }

    /// A class, new or referred to; nil for none.
    private mutating func description(depth: Int) throws(Fault) -> Description? {
        guard let index = try self.descriptionIndex(depth: depth) else { return nil }
        guard case .description(let description) = self.handles[index] else { throw .wrong("a reference to no class") }
        return description
    }

    private mutating func descriptionIndex(depth: Int) throws(Fault) -> Int? {
        guard depth < Self.deepest else { throw .wrong("parents of parents") }
        let code = try self.byte()
        switch code {
        case Code.null: return nil
        case Code.reference:
            let referenced = try self.referenced()
            guard case .description = referenced.handle else { throw .wrong("a reference to no class") }
            return referenced.index
        case Code.classDescription: break
        default: throw .wrong("a class of kind \(code)")
        }
        let name = try self.text()
        // serialVersionUID: fields are taken by name, so any version of the class will do that has them.
        _ = try self.take(8)
        let index = try self.newHandle()
        let flags = try self.byte()
        let count = try self.short()
        guard count <= Self.mostFields else { throw .wrong("a class of \(count) fields") }
        var fields: [(type: UInt8, name: String)] = []
        for _ in 0..<count {
            let type = try self.byte()
            fields.append((type, try self.text()))
            if type == UInt8(ascii: "L") || type == UInt8(ascii: "[") {
                guard try self.value(depth: depth + 1).text != nil else { throw .wrong("a field without a type") }
            }
        }
        guard try self.byte() == Code.endOfBlock else { throw .wrong("a class with annotations") }
        let parent = try self.descriptionIndex(depth: depth + 1)
        self.handles[index] = .description(Description(name: name, flags: flags, fields: fields, parent: parent))
        return index
    }

    private mutating func referenced() throws(Fault) -> (index: Int, handle: Handle) {
        let index = try self.int() - Code.firstHandle
        guard self.handles.indices.contains(index) else { throw .wrong("a reference to nothing") }
        return (index, self.handles[index])
    }

    private mutating func newHandle() throws(Fault) -> Int {
        guard self.handles.count < Self.mostHandles else { throw .wrong("more pieces than a key has") }
        self.handles.append(.open)
        return self.handles.count - 1
    }

    private mutating func close(_ index: Int, _ value: JavaValue) -> JavaValue {
        self.handles[index] = .value(value)
        return value
    }

    private mutating func byte() throws(Fault) -> UInt8 { do { return try self.cursor.byte() } catch { throw .end } }
    private mutating func short() throws(Fault) -> Int { do { return try self.cursor.short() } catch { throw .end } }
    private mutating func int() throws(Fault) -> Int { do { return try self.cursor.int() } catch { throw .end } }
    private mutating func text() throws(Fault) -> String { do { return try self.cursor.text() } catch { throw .end } }

    private mutating func take(_ count: Int) throws(Fault) -> ArraySlice<UInt8> {
        do { return try self.cursor.take(count) } catch { throw .end }
    }
}
