extension KafkaSourceSettings {
    /// The events' headers in Flume's order (org.apache.flume.source.kafka.KafkaSource, `doProcess`).
    var origins: [RecordEvents.Header] {
        var origins: [RecordEvents.Header] = [("timestamp", .timestamp, false)]
        if let topicHeader { origins.append((topicHeader, .topic, false)) }
        origins.append(("partition", .partition, false))
        origins.append(("offset", .offset, false))
        origins.append(("key", .key, true))
        for header in eventHeaders { origins.append((header.event, .header(header.record), true)) }
        return origins
    }
}
