extension JavaKeyStoreEntry {
    /// What can be seen to be broken without a password; nil for nothing.
    var damage: String? {
        for der in self.certificates {
            guard let certificate = Certificate(der: der) else { return "its certificate cannot be read" }
            guard certificate.hasGoodSelfSignature else { return "its certificate's signature is wrong" }
        }
        guard case .privateKey(let item, _) = self.content else { return nil }
        do throws(JavaKeyProtection.Fault) {
            _ = try JavaKeyProtection(item)
            return nil
        } catch {
            if case .damaged(let what) = error { return what }
            return nil
        }
    }

    /// Whether the password opens this entry's key.
    func opens(_ password: String) -> Bool {
        switch self.content {
        case .privateKey(let item, _): (try? JavaKeyProtection(item).open(password: password)) != nil
        case .secretKey(let sealed): (try? sealed.open(password: password)) != nil
        case .trustedCertificate: false
        }
    }
}
