import Testing

@testable import Agent

@Suite struct PositionFileTests {
    private static func read(_ positions: String, _ marks: String = "") -> (files: [FilePosition], isWhole: Bool) {
        PositionFile.read(positions: Array(positions.utf8), marks: Array(marks.utf8))
    }

    /// Written by hand in the form that Gson gives Flume's positions.
    private static let flumes = [
        ("[]", [FilePosition]()),
        (
            #"[{"inode":2496272,"pos":12,"file":"/var/log/a.log"}]"#,
            [FilePosition(inode: 2_496_272, position: 12, path: "/var/log/a.log")]
        ),
        (
            #"[{"inode":1,"pos":0,"file":"/a/x"},{"inode":18446744073709551615,"pos":9223372036854775807,"file":"/ä/\"q\""}]"#,
            [
                FilePosition(inode: 1, position: 0, path: "/a/x"),
                FilePosition(inode: .max, position: UInt64(Int64.max), path: "/ä/\"q\""),
            ]
        ),
        (
            #"[{"inode":7,"pos":5,"file":"/l/a\u003db \u0026 \u003cc\u003e it\u0027s \\ \t\u0001\u2028"}]"#,
            [FilePosition(inode: 7, position: 5, path: "/l/a=b & <c> it's \\ \t\u{1}\u{2028}")]
        ),
    ]

    @Test("Flume's position files are read, and ours are the same bytes", arguments: flumes)
    func form(text: String, files: [FilePosition]) {
        let read = Self.read(text)
        #expect(read.files == files)
        #expect(read.isWhole)
        #expect(String(decoding: PositionFile.positions(files), as: UTF8.self) == text)
    }

    @Test(
        "Members in any order, blanks, and every escape of JSON",
        arguments: [
            (#" [ { "file" : "\/a\u00e4\ud83d\ude00\n" , "pos" : 3 , "inode" : 4 } ] "#, "/aä\u{1F600}\n"),
            ("[{\"pos\":3,\n\t\"inode\":4,\"file\":\"/x\"}]\n", "/x"),
        ]
    )
    func leniency(text: String, path: String) {
        let read = Self.read(text)
        #expect(read.files == [FilePosition(inode: 4, position: 3, path: path)])
        #expect(read.isWhole)
    }

    @Test(
        "A damaged file gives what is whole in it",
        arguments: [
            ("", 0), ("[", 0), (#"[{"inode":1,"pos":2,"fi"#, 0), (#"[{"inode":1,"pos":2,"file":"/a"},{"inode":"#, 1),
            (#"[{"inode":1,"pos":2,"file":"/a"}"#, 1), (#"[{"inode":1,"pos":2,"file":"/a"}]x"#, 1),
            (#"[{"inode":1,"pos":-2,"file":"/a"}]"#, 0), (#"[{"inode":1,"file":"/a"}]"#, 0),
            (#"[{"inode":1,"pos":2,"file":"/a\"#, 0), ("\0\0\0", 0),
            (#"[{"inode":1,"pos":18446744073709551615,"file":"a"}]"#, 0),
        ]
    )
    func damage(text: String, count: Int) {
        let read = Self.read(text)
        #expect(!read.isWhole)
        #expect(read.files.count == count)
    }

    @Test("Marks come back whole, each to its file; those that cannot be right are left out")
    func marks() {
        var hash = ContentHash()
        Array("hello world".utf8).withUnsafeBytes { hash.update($0) }
        let full = ContentMark(offset: 11, hash: hash, head: Array("hello world".utf8), tail: [0, 0xFF, 0x10])
        let earlier = ["h", "hello wo"].map { text in
            var hash = ContentHash()
            Array(text.utf8).withUnsafeBytes { hash.update($0) }
            return ContentMark(offset: hash.count, hash: hash, head: Array(text.utf8), tail: [])
        }
        let bare = ContentMark(offset: 3, hash: nil, head: [], tail: [])
        let files = [
            FilePosition(inode: 1, position: 11, path: "/a=", mark: full),
            FilePosition(inode: 2, position: 3, path: "/b", mark: bare),
            FilePosition(inode: 3, position: 9, path: "/c", mark: nil),
            FilePosition(
                inode: 4,
                position: 11,
                path: "/d",
                mark: full,
                earlier: earlier,
                modified: 1_795_878_994_617_619_345
            ),
            // Its file holds another content now.
            FilePosition(inode: 4, position: 3, path: "/d", mark: bare, modified: 7, isSought: true),
        ]
        let positions = String(decoding: PositionFile.positions(files), as: UTF8.self)
        let marks = String(decoding: PositionFile.marks(files), as: UTF8.self)
        #expect(Self.read(positions, marks).files == files)
        // Java refuses a fourth member.
        #expect(!positions.contains("head"))
        #expect(Self.read("[]", marks).files == [files[4]])
        let others = marks.replacing("\"inode\":1", with: "\"inode\":9")
        #expect(Self.read(positions, others).files.map(\.mark) == [nil, bare, nil, full, bare])
        for bad in [
            marks.replacing("\"offset\":11", with: "\"offset\":2"), marks.replacing("00ff10", with: "00ff1"),
            marks.replacing("00ff10", with: "00fg10"), "[{}]", "{", "",
        ] {
            #expect(Self.read(positions, bad).files.first?.mark == nil)
            #expect(Self.read(positions, bad).isWhole)
        }
        // Of the places before, those that cannot be right are left out.
        #expect(marks.contains(#""earlier":"1 "#))
        for bad in ["0", "11", "12", "-1", "x"] {
            let others = marks.replacing(#""earlier":"1 "#, with: #""earlier":"\#(bad) "#)
            #expect(Self.read(positions, others).files[3].earlier == [earlier[1]], "\(bad)")
        }
        let short = marks.replacing(#""earlier":"1 "#, with: #""earlier":"1 g 0 1 "#)
        #expect(Self.read(positions, short).files[3].earlier == earlier)
    }
}
