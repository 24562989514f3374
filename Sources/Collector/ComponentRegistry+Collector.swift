public import Agent

extension ComponentRegistry {
    /// Adds the sink processors `failover` and `load_balance`.
    public mutating func registerCollector() {
        register(sinkProcessor: FailoverProcessor.type) { context throws(ConfigurationFault) in
            try FailoverProcessor.make(context)
        }
        register(sinkProcessor: LoadBalancingProcessor.type) { context throws(ConfigurationFault) in
            try LoadBalancingProcessor.make(context)
        }
    }
}
