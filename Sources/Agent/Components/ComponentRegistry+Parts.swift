extension ComponentRegistry {
    /// The sources, sinks and interceptors that are small.
    mutating func registerParts() {
        register(source: ExecSource.type) { context throws(ConfigurationFault) in try ExecSource(context) }
        register(source: NetcatSource.type) { context throws(ConfigurationFault) in try NetcatSource(context) }
        register(source: SequenceSource.type) { context throws(ConfigurationFault) in try SequenceSource(context) }
        register(source: StressSource.type) { context throws(ConfigurationFault) in try StressSource(context) }
        register(source: TaildirSource.type) { context throws(ConfigurationFault) in try TaildirSource(context) }

        register(sink: NullSink.type) { context throws(ConfigurationFault) in try NullSink(context) }
        register(sink: LoggerSink.type) { context throws(ConfigurationFault) in try LoggerSink(context) }
        register(sink: FileRollSink.type) { context throws(ConfigurationFault) in try FileRollSink(context) }
        for type in EventText.types { describe(type, as: .eventSerializer) }
        for type in FileNames.types { describe(type, as: .pathManager) }

        register(interceptor: TimestampInterceptor.type) { settings throws(ConfigurationFault) in
            try TimestampInterceptor(settings)
        }
        register(interceptor: HostInterceptor.type) { settings throws(ConfigurationFault) in
            try HostInterceptor(settings)
        }
        register(interceptor: StaticInterceptor.type) { settings throws(ConfigurationFault) in
            try StaticInterceptor(settings)
        }
    }
}
