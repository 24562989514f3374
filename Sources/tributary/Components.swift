import Agent
import Collector
import Kafka

/// Every type of component in this program.
enum Components {
    static var registry: ComponentRegistry {
        var registry = ComponentRegistry.core
        registry.registerCollector()
        registry.registerKafka()
        return registry
    }
}
