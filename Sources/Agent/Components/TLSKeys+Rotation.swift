internal import Logging
internal import NIOCore
internal import Secure

extension TLSKeys {
    /// Reads a component's stores, and reads them anew while it runs when they change (`ssl.reload-interval`).
    ///
    /// Counts in `counters`: `TLSReloadCount`, `TLSReloadFailedCount` and, where a certificate is shown,
    /// `CertificateExpiresAt` (milliseconds since 1970) and `CertificateDaysLeft` of the one that ends first.
    static func rotation(
        _ tls: TLSSettings,
        of settings: ComponentSettings,
        _ counters: CounterGroup,
        _ logger: Logger,
        on eventLoop: any EventLoop
    ) throws(ComponentError) -> TLSRotation {
        let reloads = counters.counter("TLSReloadCount")
        let failures = counters.counter("TLSReloadFailedCount")
        let throttled = ThrottledLog(logger)
        let rotation: TLSRotation
        do throws(TLSError) {
            rotation = try TLSRotation(tls, interval: .seconds(Int64(tls.reloadSeconds))) { report in
                switch report {
                case .loaded(let certificate):
                    reloads.add()
                    logger.info("TLS stores reloaded for new connections", metadata: certificate?.metadata ?? [:])
                case .refused(let error):
                    failures.add()
                    throttled.warning(
                        "changed TLS stores cannot be used, the last good ones stay",
                        key: error.message,
                        metadata: ["reason": "\(error.message)"]
                    )
                case .expires(let certificate, let daysLeft):
                    let message: Logger.Message =
                        daysLeft < 0 ? "a certificate in use has expired" : "a certificate in use expires soon"
                    var metadata = certificate.metadata
                    metadata["days"] = "\(daysLeft)"
                    logger.warning(message, metadata: metadata)
                }
            }
        } catch {
            throw .environment(settings, key(of: error, tls), error.message)
        }
        for note in rotation.current.notes { logger.notice("\(note)") }
        if !rotation.certificates.isEmpty {
            counters.computed("CertificateExpiresAt") { [weak rotation] in
                String((rotation?.firstEnd ?? 0) * 1000)
            }
            counters.computed("CertificateDaysLeft") { [weak rotation] in
                String(rotation?.daysLeft ?? 0)
            }
        }
        rotation.start(on: eventLoop)
        return rotation
    }

    /// The key whose value the error is about.
    private static func key(of error: TLSError, _ tls: TLSSettings) -> String {
        if error.code == .unusableSettings {
            return error.message.contains("cipher") ? "include-cipher-suites" : "include-protocols"
        }
        if let keyStore = tls.keyStore, error.message.contains(keyStore.path) { return "keystore" }
        return "truststore"
    }
}

extension CertificateFacts {
    fileprivate var metadata: Logger.Metadata {
        ["subject": "\(subject)", "serial": "\(serial)", "notAfter": "\(notAfterText)"]
    }
}
