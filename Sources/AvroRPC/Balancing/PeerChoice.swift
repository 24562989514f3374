/// What one peer can be given at this moment.
public enum PeerAvailability: Hashable, Sendable {
    /// Live, with room.
    case free
    /// Live, its window full.
    case busy
    /// Half-open: one call, no more.
    case oneTrial
    /// Not to be used now.
    case down
}

/// Chooses the peer for the next call.
public protocol PeerChoice: Sendable {
    /// The chosen peer's index, `nil` to wait.
    ///
    /// - Parameters:
    ///   - count: number of peers.
    ///   - availability: of each.
    mutating func choose(count: Int, availability: (Int) -> PeerAvailability) -> Int?
}

/// The highest priority that is alive; a busy one is waited for, so that a standby stays idle while it is one.
public struct FailoverChoice: PeerChoice {
    private let order: [Int]

    /// - Parameter priorities: one for each peer, all different; higher first.
    public init(priorities: [Int]) {
        order = priorities.indices.sorted { priorities[$0] > priorities[$1] }
    }

    public mutating func choose(count: Int, availability: (Int) -> PeerAvailability) -> Int? {
        for index in order {
            switch availability(index) {
            case .free, .oneTrial: return index
            case .busy: return nil
            case .down: continue
            }
        }
        return nil
    }
}

/// Each in turn; busy ones are passed over.
public struct RoundRobinChoice: PeerChoice {
    private var next = 0

    public init() {}

    public mutating func choose(count: Int, availability: (Int) -> PeerAvailability) -> Int? {
        for step in 0..<count {
            let index = (next + step) % count
            switch availability(index) {
            case .free, .oneTrial:
                next = (index + 1) % count
                return index
            case .busy, .down:
                continue
            }
        }
        return nil
    }
}

/// Any that has room, each with the same chance.
public struct RandomChoice<Generator: RandomNumberGenerator & Sendable>: PeerChoice {
    private var generator: Generator

    public init(using generator: Generator) {
        self.generator = generator
    }

    public mutating func choose(count: Int, availability: (Int) -> PeerAvailability) -> Int? {
        let usable = (0..<count).filter { index in
            switch availability(index) {
            case .free, .oneTrial: true
            case .busy, .down: false
            }
        }
        return usable.randomElement(using: &generator)
    }
}

extension RandomChoice where Generator == SystemRandomNumberGenerator {
    public init() { self.init(using: SystemRandomNumberGenerator()) }
}
