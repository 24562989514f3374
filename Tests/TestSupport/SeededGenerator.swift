/// A small generator with a seed (SplitMix64), so that a failing run can be repeated.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) {
        state = seed
    }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// The seed of this run: `TRIBUTARY_SEED` where it is set, else a new one; printed, so that a failure can be repeated.
    public static func announced(_ test: String, seed: UInt64? = nil) -> SeededGenerator {
        let seed = seed ?? Environment.seed ?? UInt64.random(in: 0...UInt64.max)
        print("\(test): seed \(seed) (TRIBUTARY_SEED repeats it)")
        return SeededGenerator(seed: seed)
    }
}
