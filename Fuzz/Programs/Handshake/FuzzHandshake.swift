import Glibc
import Loop
import Subjects

/// Not main.swift: what the fuzzers' sanitizer builds is parsed as a library.
@main enum FuzzHandshake {
    static func main() { exit(FuzzLoop.run(.handshake)) }
}
