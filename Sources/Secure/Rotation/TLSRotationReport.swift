/// What a `TLSRotation` tells of its stores.
package enum TLSRotationReport: Sendable {
    /// The stores were read anew; connections that begin now use them. The certificate shown, if one is.
    case loaded(CertificateFacts?)
    /// The changed stores cannot be used, and why; the last good ones stay.
    case refused(TLSError)
    /// A certificate in use ends within 30 days; negative when it has ended. Told once a day.
    case expires(CertificateFacts, daysLeft: Int)
}
