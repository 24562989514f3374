extension ComponentRegistry {
    /// The registry with all of this module's types.
    public static var core: ComponentRegistry {
        var registry = ComponentRegistry()
        registry.register(source: AvroSource.type) { context throws(ConfigurationFault) in try AvroSource(context) }
        registry.register(channel: MemoryChannel.type) { context throws(ConfigurationFault) in
            MemoryChannel(context)
        }
        registry.register(channel: FileChannel.type) { context throws(ConfigurationFault) in try FileChannel(context) }
        registry.register(channel: SpillableMemoryChannel.type) { context throws(ConfigurationFault) in
            try SpillableMemoryChannel.make(context)
        }
        for type in [EncryptionSettings.storeProvider, EncryptionSettings.fileProvider] {
            registry.describe(type, as: .keyProvider)
        }
        registry.describe(EncryptionSettings.cipherProvider, as: .cipherProvider)
        registry.register(sink: AvroSink.type) { context throws(ConfigurationFault) in try AvroSink(context) }
        registry.register(
            sinkProcessor: TypeEntry(
                alias: "default",
                className: "org.apache.flume.sink.DefaultSinkProcessor",
                keys: []
            )
        ) { _ throws(ConfigurationFault) in .single }
        registry.describe(
            TypeEntry(
                alias: "replicating",
                className: "org.apache.flume.channel.ReplicatingChannelSelector",
                keys: [KeySpec("optional")]
            ),
            as: .channelSelector
        )
        registry.registerParts()
        return registry
    }
}
