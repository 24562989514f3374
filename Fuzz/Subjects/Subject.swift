/// What is fuzzed: each takes any bytes, and must neither crash nor hang, nor break a rule of its own.
///
/// The fuzzers (Fuzz/Programs) and the tests that replay their corpora (Fuzz/Replay) call the same functions.
package enum Subject: String, CaseIterable, Sendable {
    /// A stream of frames, in whatever pieces it comes.
    case frame
    /// What a peer sends from the first byte on, to our server and to our client.
    case handshake
    /// An array of events, and a single one.
    case datum
    /// What inflates a connection's bytes, and what finds out that it must.
    case deflate
    /// Key and trust stores: JKS and JCEKS, PKCS12, PEM.
    case jks
    /// A properties file, from its bytes to the model of an agent.
    case properties

    /// - Throws: `Violation`.
    package func check(_ bytes: [UInt8]) throws {
        switch self {
        case .frame: try FrameSubject.check(bytes)
        case .handshake: try HandshakeSubject.check(bytes)
        case .datum: try DatumSubject.check(bytes)
        case .deflate: try DeflateSubject.check(bytes)
        case .jks: try JKSSubject.check(bytes)
        case .properties: try PropertiesSubject.check(bytes)
        }
    }
}
