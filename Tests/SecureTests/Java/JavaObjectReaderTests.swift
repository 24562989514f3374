import Testing

@testable import Secure

/// Streams that no key entry has: refused by name, at once and without depth.
@Suite struct JavaObjectReaderTests {
    private static let head = "aced0005"
    /// A plain class `A` of no fields, without a parent.
    private static let plain = "72000141" + "0000000000000000" + "020000" + "78" + "70"
    /// The class of byte arrays.
    private static let bytes = "7200025b42" + "acf317f8060854e0" + "020000" + "78" + "70"

    /// `A` with one field of that type and, for objects, that type's name, and no parent.
    private static func one(_ type: String, _ name: String = "") -> String {
        "72000141" + "0000000000000000" + "020001" + type + "000166" + name + "78" + "70"
    }

    private func read(_ hex: String) -> String {
        var reader = JavaObjectReader(ByteCursor(Fixture.bytes(hex: hex)[...]))
        do throws(JavaObjectReader.Fault) {
            return "\(try reader.read())"
        } catch {
            switch error {
            case .end: return "end"
            case .wrong(let what): return what
            }
        }
    }

    private static let refusals: [(String, String)] = [
        ("", "end"),
        ("aced", "end"),
        ("aced0006", "no serialized object"),
        ("\(head)", "end"),
        ("\(head)77", "a piece of kind 119"),
        ("\(head)7b", "a piece of kind 123"),
        ("\(head)71007e0000", "a reference to nothing"),
        ("\(head)71ffffffff", "a reference to nothing"),
        ("\(head)7370", "an object without a class"),
        ("\(head)7378", "a class of kind 120"),
        ("\(head)737200014100000000000000000300007870", "class A, which writes itself"),
        ("\(head)7372000141000000000000000002000077", "a class with annotations"),
        ("\(head)73720001410000000000000000020011", "a class of 17 fields"),
        // Its own parent.
        ("\(head)737200014100000000000000000200007871007e0000", "a reference to no class"),
        // Its own field.
        ("\(head)73\(one("4c", "7400014c"))71007e0002", "a reference to no value"),
        ("\(head)73\(one("49"))00000001", "a field that is a number"),
        ("\(head)73\(one("4c", "70"))", "a field without a type"),
        ("\(head)75\(plain)00000000", "an array of something else than bytes"),
        ("\(head)75\(bytes)ffffffff", "end"),
        ("\(head)75\(bytes)00000002ff", "end"),
        ("\(head)7e\(plain)", "an enum without its class"),
        ("\(head)7e720001450000000000000000120000787070", "an enum without a name"),
        ("\(head)740005", "end"),
    ]

    @Test(arguments: Self.refusals)
    func refused(hex: String, text: String) {
        #expect(self.read(hex) == text)
    }

    @Test func depthIsBounded() {
        let level = "73" + Self.one("4c", "7400014c")
        #expect(self.read(Self.head + String(repeating: level, count: 5_000)) == "objects inside objects")
        let parents = String(repeating: "72000141" + "0000000000000000" + "020000" + "78", count: 5_000)
        #expect(self.read(Self.head + "73" + parents) == "parents of parents")
    }

    @Test func handlesAreBounded() {
        let fields = String(repeating: "4c000166" + "7400014c", count: 16)
        let level = "72000141" + "0000000000000000" + "020010" + fields + "78"
        #expect(self.read(Self.head + "73" + String(repeating: level, count: 7) + "70") == "more pieces than a key has")
    }

    @Test func whatKeysHaveIsRead() {
        #expect(self.read(Self.head + "70") == "null")
        #expect(self.read(Self.head + "740002" + "6162") == #"text("ab")"#)
        #expect(self.read(Self.head + "75" + Self.bytes + "00000002" + "0709") == "bytes(ArraySlice([7, 9]))")
        let enumeration = "7e" + "72000145" + "0000000000000000" + "120000" + "7870" + "740001" + "53"
        #expect(self.read(Self.head + enumeration) == #"constant("S")"#)
    }
}
