/// What one take has, in order.
struct TakenPieces: Sendable {
    let ticket: UInt64
    let pieces: [Piece]
}
