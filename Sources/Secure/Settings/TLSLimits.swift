/// Which protocol versions and cipher suites a side may use, by Java's names, as Flume's keys `include-protocols`,
/// `exclude-protocols`, `include-cipher-suites` and `exclude-cipher-suites` give them.
///
/// As in Flume (SSLContextAwareConfigurableSource), a list filters what is on by default: an empty include list keeps
/// all, names that nothing answers to are passed over, and an excluded name wins over an included one. On by default
/// are TLSv1.2 and TLSv1.3: like a current JDK (`jdk.tls.disabledAlgorithms`), nothing older is ever spoken.
package struct TLSLimits: Hashable, Sendable {
    package var includeProtocols: [String]
    package var excludeProtocols: [String]
    package var includeCipherSuites: [String]
    package var excludeCipherSuites: [String]

    package init(
        includeProtocols: [String] = [],
        excludeProtocols: [String] = [],
        includeCipherSuites: [String] = [],
        excludeCipherSuites: [String] = []
    ) {
        self.includeProtocols = includeProtocols
        self.excludeProtocols = excludeProtocols
        self.includeCipherSuites = includeCipherSuites
        self.excludeCipherSuites = excludeCipherSuites
    }
}
