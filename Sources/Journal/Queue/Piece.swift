/// Items of one stored record that are in memory: ready, taken, or given back.
struct Piece: Sendable {
    let payload: any HeldPayload
    /// Sequence of the payload's first item.
    let first: UInt64
    /// Which of its items these are.
    var items: Range<Int>

    var sequences: Range<UInt64> {
        (first + UInt64(items.lowerBound))..<(first + UInt64(items.upperBound))
    }

    var byteCount: Int {
        if items.count == payload.itemCount { return payload.byteCount }
        return payload.offset(ofItem: items.upperBound) - payload.offset(ofItem: items.lowerBound)
    }

    /// How many items from the front have up to `limit` bytes together; 1 where not even the first has.
    func count(within limit: Int) -> Int {
        let start = payload.offset(ofItem: items.lowerBound)
        guard payload.offset(ofItem: items.upperBound) - start > limit else { return items.count }
        var (low, high) = (1, items.count)
        while low < high {
            let middle = (low + high + 1) / 2
            if payload.offset(ofItem: items.lowerBound + middle) - start <= limit {
                low = middle
            } else {
                high = middle - 1
            }
        }
        return low
    }

    /// Cuts off the first `count` items.
    mutating func split(_ count: Int) -> Piece {
        var front = self
        front.items = items.lowerBound..<(items.lowerBound + count)
        items = front.items.upperBound..<items.upperBound
        return front
    }

    /// The part with these sequences, which lie within.
    func part(_ sequences: Range<UInt64>) -> Piece {
        var part = self
        part.items = Int(sequences.lowerBound - first)..<Int(sequences.upperBound - first)
        return part
    }
}
