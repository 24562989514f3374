/// The two files that outlive the agent.
///
/// The position file is Flume's, to the byte: `[{"inode":7,"pos":42,"file":"/var/log/a"}]` (ReliableTaildirEventReader and
/// TaildirSource.toPosInfoJson); Java refuses an entry with another member. What else we know of the files' contents stands
/// in `<positionFile>.ids`, in a form of our own:
///
///     [{"inode":7,"file":"/var/log/a","offset":42,"hash":"MIXED PENDING","head":"HEX","tail":"HEX"}]
///
/// with `hash` left out where it is not known, `"earlier":"OFFSET MIXED PENDING OFFSET …"` where places in front are known,
/// `"modified":NANOSECONDS` where it is known when the file was changed last, and `"sought":1` where the file holds another
/// content now and the rest of this one is looked for.
enum PositionFile {
    static func positions(_ files: [FilePosition]) -> [UInt8] {
        var output: [UInt8] = [0x5B]
        for file in files where !file.isSought {
            if output.count > 1 { output.append(0x2C) }
            output += Array("{\"inode\":\(file.inode),\"pos\":\(file.position),\"file\":".utf8)
            FlatObjects.append(file.path, to: &output)
            output.append(0x7D)
        }
        return output + [0x5D]
    }

    static func marks(_ files: [FilePosition]) -> [UInt8] {
        var output: [UInt8] = [0x5B]
        for file in files {
            guard let mark = file.mark else { continue }
            if output.count > 1 { output.append(0x2C) }
            output += Array("{\"inode\":\(file.inode),\"file\":".utf8)
            FlatObjects.append(file.path, to: &output)
            output += Array(",\"offset\":\(mark.offset)".utf8)
            if let hash = mark.hash { output += Array(",\"hash\":\"\(words(hash))\"".utf8) }
            let earlier = file.earlier.compactMap { mark in mark.hash.map { "\(mark.offset) \(words($0))" } }
            if !earlier.isEmpty { output += Array(",\"earlier\":\"\(earlier.joined(separator: " "))\"".utf8) }
            if let modified = file.modified, modified >= 0 { output += Array(",\"modified\":\(modified)".utf8) }
            if file.isSought { output += Array(",\"sought\":1".utf8) }
            output += Array(",\"head\":\"\(hex(mark.head))\",\"tail\":\"\(hex(mark.tail))\"}".utf8)
        }
        return output + [0x5D]
    }

    /// Reads both files; what is sought comes last. `isWhole` is false where the position file is not what Flume writes; what
    /// could be read of it stands in `files`. Marks that cannot be read are left out.
    static func read(positions: [UInt8], marks: [UInt8]) -> (files: [FilePosition], isWhole: Bool) {
        let (objects, isWhole) = FlatObjects.read(positions)
        var known: [Name: FilePosition] = [:]
        var sought: [FilePosition] = []
        for object in FlatObjects.read(marks).objects {
            guard let name = Name(object), let mark = mark(object) else { continue }
            var file = FilePosition(inode: name.inode, position: mark.offset, path: name.path, mark: mark)
            file.earlier = earlier(object, mark)
            if case .number(let modified) = object["modified"] { file.modified = Int64(clamping: modified) }
            if object["sought"] != nil {
                file.isSought = true
                sought.append(file)
            } else {
                known[name] = file
            }
        }
        var files: [FilePosition] = []
        for object in objects {
            guard let name = Name(object), case .number(let position) = object["pos"], position <= UInt64(Int64.max)
            else { return (files + sought, false) }
            var file = known[name] ?? FilePosition(inode: name.inode, position: position, path: name.path)
            file.position = position
            files.append(file)
        }
        return (files + sought, isWhole)
    }

    private struct Name: Hashable {
        var inode: UInt64
        var path: String

        init?(_ object: FlatObjects.Object) {
            guard case .number(let inode) = object["inode"], case .text(let path) = object["file"] else { return nil }
            self.inode = inode
            self.path = path
        }
    }

    private static func mark(_ object: FlatObjects.Object) -> ContentMark? {
        guard case .number(let offset) = object["offset"], case .text(let headText) = object["head"],
            case .text(let tailText) = object["tail"], let head = bytes(headText), let tail = bytes(tailText),
            head.count <= ContentMark.headLength,
            tail.count <= ContentMark.tailLength, head.count <= offset, tail.count <= offset
        else { return nil }
        var mark = ContentMark(offset: offset, hash: nil, head: head, tail: tail)
        if case .text(let text) = object["hash"] {
            mark.hash = hash(text.split(separator: " "), count: offset)
            if mark.hash == nil { return nil }
        }
        return mark
    }

    /// Places in front of a mark, without the bytes in front of them; those that cannot be right are left out.
    private static func earlier(_ object: FlatObjects.Object, _ mark: ContentMark) -> [ContentMark] {
        guard case .text(let text) = object["earlier"] else { return [] }
        let words = text.split(separator: " ")
        return stride(from: 0, through: words.count - 3, by: 3).compactMap { at in
            guard let offset = UInt64(words[at]), offset > 0, offset < mark.offset,
                let known = hash(words[(at + 1)..<(at + 3)], count: offset)
            else { return nil }
            let head = mark.head.prefix(Int(clamping: offset))
            return ContentMark(offset: offset, hash: known, head: Array(head), tail: [])
        }
    }

    private static func words(_ hash: ContentHash) -> String {
        "\(String(hash.mixed, radix: 16)) \(String(hash.pending, radix: 16))"
    }

    private static func hash(_ words: some Collection<Substring>, count: UInt64) -> ContentHash? {
        let numbers = words.map { UInt64($0, radix: 16) }
        guard numbers.count == 2, let mixed = numbers[0], let pending = numbers[1] else { return nil }
        return ContentHash(mixed: mixed, pending: pending, count: count)
    }

    private static let digits = Array("0123456789abcdef".utf8)

    private static func hex(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count * 2)
        for byte in bytes { text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
        return String(decoding: text, as: UTF8.self)
    }

    private static func bytes(_ hex: String) -> [UInt8]? {
        let text = Array(hex.utf8)
        guard text.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 2)
        for at in stride(from: 0, to: text.count, by: 2) {
            guard let high = digits.firstIndex(of: text[at]), let low = digits.firstIndex(of: text[at + 1]) else {
                return nil
            }
            bytes.append(UInt8(high << 4 | low))
        }
        return bytes
    }
}
