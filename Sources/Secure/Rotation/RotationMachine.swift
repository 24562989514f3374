/// Decides when stores are read again and what is told of it. No I/O and no clock: it is told what files look like, how
/// reading went and what time it is.
///
/// A change must be seen twice alike before anything is read, and the files must look the same afterwards: what is being
/// written, or half of a pair, is not taken. A set of files that was refused is not read again before it changes, except
/// where time or the machine may heal it (not yet valid, unreadable).
struct RotationMachine {
    /// The files' looks, in the order of their paths; nil for one that is not there.
    typealias Look = [FileIdentity?]

    enum Action: Hashable {
        /// Nothing to do until the next look.
        case wait
        /// Something changed: look again soon.
        case lookSoon
        case read
    }

    enum Outcome {
        /// The certificates shown, the leaf first; empty where none is shown.
        case good([CertificateFacts])
        case bad(TLSError)
    }

    /// Days before its end from which a certificate is warned of, once a day.
    static let warningDays: Int64 = 30
    private static let day: Int64 = 86_400

    /// How the files looked when they were last read.
    private var read: Look
    /// How they looked last, where that is not how they were read.
    private var unsettled: Look?
    /// What was last refused, for as long as the files look as they did then.
    private var refused: TLSError?
    /// The certificates in use.
    private(set) var certificates: [CertificateFacts]
    private var warned: Int64?

    init(_ look: Look, certificates: [CertificateFacts]) {
        self.read = look
        self.certificates = certificates
    }

    mutating func looked(_ look: Look) -> Action {
        guard look != self.read else {
            self.unsettled = nil
            return self.refused?.mayHealByItself == true ? .read : .wait
        }
        guard look == self.unsettled else {
            self.unsettled = look
            return .lookSoon
        }
        return .read
    }

    /// Whether the stores that were read may be used, and what is to be told; nil where the files changed meanwhile, so
    /// that what was read is worth nothing.
    mutating func finished(
        _ outcome: Outcome,
        before: Look,
        after: Look,
        now: Int64
    ) -> (isTaken: Bool, report: TLSRotationReport?)? {
        guard before == after else {
            self.unsettled = after
            return nil
        }
        let isSame = before == self.read
        self.read = before
        self.unsettled = nil
        switch outcome {
        case .good(let certificates):
            if let error = Self.fault(of: certificates, now: now) { return (false, self.refuse(error, isSame)) }
            self.refused = nil
            self.certificates = certificates
            self.warned = nil
            return (true, .loaded(certificates.first))
        case .bad(let error):
            return (false, self.refuse(error, isSame))
        }
    }

    /// The certificate that ends first, where it is time to warn of it.
    mutating func warning(now: Int64) -> TLSRotationReport? {
        guard let first = self.certificates.min(by: { $0.notAfter < $1.notAfter }) else { return nil }
        let left = first.notAfter - now
        guard left <= Self.warningDays * Self.day, self.warned.map({ now - $0 >= Self.day || now < $0 }) ?? true else {
            return nil
        }
        self.warned = now
        return .expires(first, daysLeft: Self.days(left))
    }

    /// Whole days, rounded down: -1 means that it ended within the last day.
    static func days(_ seconds: Int64) -> Int {
        Int((seconds - (seconds % day + day) % day) / day)
    }

    private mutating func refuse(_ error: TLSError, _ isSame: Bool) -> TLSRotationReport? {
        defer { self.refused = error }
        return isSame && self.refused?.message == error.message ? nil : .refused(error)
    }

    private static func fault(of certificates: [CertificateFacts], now: Int64) -> TLSError? {
        for certificate in certificates {
            if certificate.notAfter < now {
                return TLSError(
                    .certificateExpired,
                    "the certificate \(certificate.subject) (serial \(certificate.serial)) has expired: notAfter "
                        + certificate.notAfterText
                )
            }
            if certificate.notBefore > now {
                return TLSError(
                    .certificateNotYetValid,
                    "the certificate \(certificate.subject) (serial \(certificate.serial)) is not yet valid: notBefore "
                        + certificate.notBeforeText
                )
            }
        }
        return nil
    }
}

extension TLSError {
    /// Whether the same files may be good later.
    fileprivate var mayHealByItself: Bool { self.code == .certificateNotYetValid || self.code == .unreadableFile }
}
