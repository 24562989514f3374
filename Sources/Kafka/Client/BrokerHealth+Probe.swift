internal import NIOCore

extension BrokerHealth {
    /// How long a probe may block.
    private static let probeLimit: Int32 = 1000

    /// Asks for a sign of life when it is time.
    ///
    /// - Parameter isHolding: whether records wait for their acknowledgement.
    mutating func watch(_ client: ClientHandle, isHolding: Bool, now: NIODeadline) -> Action {
        guard let time = probeTime(isHolding: isHolding), time <= now else { return .none }
        do throws(KafkaFailure) {
            try client.probe(milliseconds: Self.probeLimit)
            return sign(now: .now())
        } catch {
            return probeFailed(error.message, now: .now())
        }
    }
}
