internal import Secure

/// A list of protocol versions or cipher suites by Java's names, from a component's key or from outside it.
struct TLSNameList {
    let names: [String]
    private let key: String
    /// As a reader finds it: the key in full, the property or the variable.
    private let title: String
    private let location: SourceLocation?

    init(
        _ key: String,
        _ property: String,
        _ variable: String,
        _ settings: ComponentSettings,
        _ process: ProcessSettings
    ) {
        self.key = key
        func words(_ text: String) -> [String] { text.split { $0 == " " || $0 == "," }.map(String.init) }
        if settings.string(key) != nil {
            (names, title, location) = (settings.list(key), settings.fullKey(key), settings.location(of: key))
        } else if let global = process.systemProperties[property] {
            (names, title, location) = (words(global), "-D\(property)", nil)
        } else {
            (names, title, location) = (words(process.environment[variable] ?? ""), variable, nil)
        }
    }

    /// Notes names that are nobody's and, in a list of what is to be spoken, those that are not spoken here.
    func check(_ note: (Diagnostic) -> Void) {
        let areSuites = key.hasSuffix("cipher-suites")
        let spoken = areSuites ? TLSNames.suites : TLSNames.protocols
        for name in names {
            let standard = areSuites ? TLSNames.standardSuite(name) : name
            guard !spoken.contains(standard) else { continue }
            let what = areSuites ? "cipher suite" : "TLS version"
            if areSuites ? TLSNames.isOldSuite(name) : TLSNames.oldProtocols.contains(name) {
                guard key.hasPrefix("include") else { continue }
                let message = "`\(title)`: \(what) `\(name)` is not spoken here and is passed over"
                note(Diagnostic(grade: .note, location: location, message: message))
            } else {
                let advice = NearestName.nearest(to: standard, among: spoken).map { "did you mean `\($0)`?" }
                let message = "`\(title)`: `\(name)` is no \(what) and is passed over"
                note(Diagnostic(grade: .note, location: location, message: message, advice: advice))
            }
        }
    }
}
