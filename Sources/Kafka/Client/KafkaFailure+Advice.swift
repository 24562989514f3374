internal import CRdKafka

extension KafkaFailure {
    /// What was said, and where a connection failed for what the file says, the keys to look at.
    func advised(for role: JavaClientKey.Role) -> String {
        guard let advice = advice(role.prefix) else { return message }
        return "\(message); \(advice)"
    }

    private func advice(_ prefix: String) -> String? {
        if code == RD_KAFKA_RESP_ERR__AUTHENTICATION.rawValue {
            return "see \(prefix)sasl.mechanism and \(prefix)sasl.jaas.config"
        }
        // OpenSSL's words; what TLS 1.3 refuses after the handshake is an error of transport to librdkafka.
        guard message.contains("SSL routines") else { return nil }
        if message.contains("certificate verify failed") {
            return "the broker's certificate must come from an authority in \(prefix)ssl.truststore.location, be valid"
                + " today, and name the broker's host"
        }
        // Alerts of RFC 8446, 6.2.
        let refusals = ["certificate required", "unknown ca", "bad certificate", "certificate expired"]
        guard refusals.contains(where: { message.contains("alert \($0)") }) else { return nil }
        return "the broker takes no client without a certificate that it trusts: see"
            + " \(prefix)ssl.keystore.location"
    }
}
