/// What reading every frame of a queue showed.
package struct JournalCheck: Hashable, Sendable {
    package internal(set) var frames = 0
    package internal(set) var items: UInt64 = 0
    package internal(set) var damages: [JournalDamage] = []

    package var lostItems: UInt64 { damages.reduce(0) { $0 + $1.items } }
    package var isClean: Bool { !damages.contains { $0.matters } }
}
