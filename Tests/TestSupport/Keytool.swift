/// The JDK's keytool, where there is one.
public enum Keytool {
    /// Whether it runs here; says so when it does not, since the tests that need it are then passed over.
    public static let isThere: Bool = {
        do {
            try CertificateMaker.run("keytool", ["-help"], in: "/")
            return true
        } catch {
            print("keytool does not run here, its stores are not tested: \(error)")
            return false
        }
    }()
}
