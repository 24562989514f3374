internal import Agent
internal import Logging
internal import Secure

extension ClientConfiguration {
    /// A component's configuration: `options`, later ones over earlier ones, and what its key and trust stores hold.
    ///
    /// - Parameter component: for messages: `sink k1`.
    static func make(
        _ component: String,
        _ options: [ClientOption],
        _ stores: ClientStores,
        _ logger: Logger
    ) throws(ComponentError) -> ClientConfiguration {
        let configuration = ClientConfiguration()
        let loaded: (options: [ClientOption], notes: [String])
        do throws(TLSError) {
            loaded = try stores.load()
        } catch {
            throw ComponentError(.environment, "\(component): \(error)")
        }
        for note in loaded.notes { logger.warning("\(note)") }
        for option in options + loaded.options {
            do throws(ClientConfiguration.Refusal) {
                try configuration.set(option)
            } catch {
                throw ComponentError(.configuration, "\(component): \(option.name) cannot be set: \(error)")
            }
        }
        return configuration
    }
}

extension ConsumerHandle {
    static func make(
        _ component: String,
        _ options: [ClientOption],
        _ stores: ClientStores,
        _ hook: RebalanceHook,
        _ logger: Logger
    ) throws(ComponentError) -> ConsumerHandle {
        let configuration = try ClientConfiguration.make(component, options, stores, logger)
        do throws(KafkaFailure) {
            return try configuration.makeConsumer(hook)
        } catch {
            throw ComponentError(.environment, "\(component): the Kafka client cannot be made: \(error)")
        }
    }
}
