import TestSupport
import Testing

@testable import Secure

/// What is decided, without files and without a clock.
@Suite struct RotationMachineTests {
    private let one: RotationMachine.Look = [FileIdentity(size: 1, modified: 1)]
    private let two: RotationMachine.Look = [FileIdentity(size: 2, modified: 2)]
    private let three: RotationMachine.Look = [FileIdentity(size: 2, modified: 3)]

    private func facts(_ name: String) throws -> CertificateFacts {
        let path = try Certificates.shared().path("\(name).pem")
        return try #require(
            TLSContext(server: TLSServerSettings(keyStore: StoreReference(path: path))).certificates.first
        )
    }

    @Test func whatHasNotChangedIsNotRead() {
        var machine = RotationMachine(self.one, certificates: [])
        for _ in 0..<3 { #expect(machine.looked(self.one) == .wait) }
    }

    @Test func aChangeIsReadWhenItHasSettled() {
        var machine = RotationMachine(self.one, certificates: [])
        #expect(machine.looked(self.two) == .lookSoon)
        #expect(machine.looked(self.three) == .lookSoon)
        #expect(machine.looked([nil]) == .lookSoon)
        #expect(machine.looked(self.three) == .lookSoon)
        #expect(machine.looked(self.three) == .read)
        // Back to what was read: nothing to do.
        var other = RotationMachine(self.one, certificates: [])
        #expect(other.looked(self.two) == .lookSoon)
        #expect(other.looked(self.one) == .wait)
        #expect(other.looked(self.two) == .lookSoon)
    }

    @Test func whatChangedWhileItWasReadIsNotTaken() throws {
        var machine = RotationMachine(self.one, certificates: [])
        let good = RotationMachine.Outcome.good([try self.facts("server")])
        let finished = machine.finished(good, before: self.two, after: self.three, now: 1_700_000_000)
        #expect(finished == nil)
        #expect(machine.certificates == [])
        #expect(machine.looked(self.three) == .read)
    }

    @Test func goodStoresAreTakenAndTold() throws {
        var machine = RotationMachine(self.one, certificates: [])
        let server = try self.facts("server")
        let finished = machine.finished(.good([server]), before: self.two, after: self.two, now: 1_700_000_000)
        #expect(finished?.isTaken == true)
        guard case .loaded(server) = finished?.report else {
            Issue.record("\(String(describing: finished))")
            return
        }
        #expect(machine.certificates == [server])
        #expect(machine.looked(self.two) == .wait)
    }

    @Test(
        arguments: [
            ("expired", 1_700_000_000, TLSError.Code.certificateExpired, "notAfter 2021-01-02 03:04:05Z"),
            ("future", 1_700_000_000, .certificateNotYetValid, "notBefore 2098-01-02 03:04:05Z"),
            ("server", 4_102_444_799, .certificateExpired, "has expired: notAfter 2099-12-31 23:59:59Z"),
            ("server", 1_577_836_799, .certificateNotYetValid, "is not yet valid: notBefore 2020-01-01 00:00:00Z"),
        ] as [(String, Int64, TLSError.Code, String)]
    )
    func certificatesOutOfTimeAreRefused(name: String, now: Int64, code: TLSError.Code, text: String) throws {
        let server = try self.facts("server")
        var machine = RotationMachine(self.one, certificates: [server])
        let late = name == "server" && code == .certificateExpired ? now + 1 : now
        let certificates = [try self.facts(name)]
        let finished = machine.finished(.good(certificates), before: self.two, after: self.two, now: late)
        #expect(finished?.isTaken == false)
        guard case .refused(let error) = finished?.report else {
            Issue.record("\(String(describing: finished))")
            return
        }
        #expect(error.code == code)
        #expect(error.message.contains(text), "\(error.message)")
        #expect(error.message.contains("serial \(certificates[0].serial)"))
        #expect(machine.certificates == [server])
        // Time may heal the one and not the other.
        #expect(machine.looked(self.two) == (code == .certificateNotYetValid ? .read : .wait))
    }

    @Test(arguments: [false, true])
    func everyCertificateOfTheChainCounts(isEndOfChainExpired: Bool) throws {
        let server = try self.facts("server")
        let chain = isEndOfChainExpired ? [server, try self.facts("expired")] : [server]
        var machine = RotationMachine(self.one, certificates: [])
        let finished = machine.finished(.good(chain), before: self.two, after: self.two, now: 1_700_000_000)
        #expect(finished?.isTaken == !isEndOfChainExpired)
    }

    @Test func theSameRefusalIsToldOnce() {
        var machine = RotationMachine(self.one, certificates: [])
        func refused(_ look: RotationMachine.Look, _ text: String) -> Bool {
            let error = TLSError(.unreadableFile, text)
            guard let finished = machine.finished(.bad(error), before: look, after: look, now: 0) else { return false }
            #expect(finished.isTaken == false)
            return finished.report != nil
        }
        #expect(refused(self.two, "a"))
        // The machine may heal it: read again each time, silently.
        #expect(machine.looked(self.two) == .read)
        #expect(!refused(self.two, "a"))
        #expect(refused(self.two, "b"))
        #expect(refused(self.three, "b"))
    }

    @Test func damageIsNotReadAgainBeforeItChanges() {
        var machine = RotationMachine(self.one, certificates: [])
        let error = TLSError(.unusableStore, "torn")
        _ = machine.finished(.bad(error), before: self.two, after: self.two, now: 0)
        #expect(machine.looked(self.two) == .wait)
        #expect(machine.looked(self.three) == .lookSoon)
    }

    @Test func warningsComeFromThirtyDaysOnceADay() throws {
        let server = try self.facts("server")
        let end = server.notAfter
        let day: Int64 = 86_400
        var machine = RotationMachine(self.one, certificates: [server])
        func days(_ now: Int64) -> Int? {
            guard case .expires(let certificate, let left) = machine.warning(now: now) else { return nil }
            #expect(certificate == server)
            return left
        }
        #expect(days(end - 30 * day - 1) == nil)
        #expect(days(end - 30 * day) == 30)
        #expect(days(end - 30 * day + 3_600) == nil)
        #expect(days(end - 29 * day - 1) == nil)
        #expect(days(end - 29 * day) == 29)
        #expect(days(end - 1) == 0)
        #expect(days(end + day - 1) == -1)
        // A clock that is set back.
        #expect(days(end - 2 * day) == 2)
        // A new certificate begins anew.
        let finished = machine.finished(.good([server]), before: self.two, after: self.two, now: end - day)
        #expect(finished?.isTaken == true)
        #expect(days(end - day) == 1)
    }

    @Test func theOneThatEndsFirstIsWarnedOf() throws {
        let expired = try self.facts("expired")
        var machine = RotationMachine(self.one, certificates: [try self.facts("server"), expired])
        guard case .expires(expired, let left) = machine.warning(now: expired.notAfter - 5 * 86_400) else {
            Issue.record("no warning")
            return
        }
        #expect(left == 5)
    }
}
