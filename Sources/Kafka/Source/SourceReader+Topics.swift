internal import Agent
internal import Logging
internal import NIOCore
internal import Synchronization

// Which topics are read, and what is wrong with them.
extension SourceReader {
    /// How long a look for topics may block this thread.
    private static let metadataLimit: Int32 = 5000
    /// Until topics are looked for again where none was found.
    private static let searchInterval = TimeAmount.seconds(5)

    /// Joins the group for the topics that are named, or for those that match, which are looked for now and then.
    func subscribe(_ consumer: ConsumerHandle, _ now: NIODeadline) {
        guard let search = nextSearch, search <= now else { return }
        switch source.settings.topics {
        case .named(let names):
            nextSearch = nil
            join(consumer, names)
        case .matching(let pattern):
            do throws(KafkaFailure) {
                let found = try consumer.topics(milliseconds: Self.metadataLimit).filter { pattern.matches($0) }
                    .sorted()
                nextSearch = .now() + (found.isEmpty ? Self.searchInterval : .milliseconds(source.settings.metadataAge))
                if found.isEmpty {
                    trouble(with: "", "no topic at \(source.settings.bootstrapServers) matches \(pattern.pattern)")
                } else {
                    clearTrouble(with: "")
                    if found != topics { join(consumer, found) }
                }
            } catch {
                nextSearch = .now() + Self.searchInterval
            }
        }
    }

    private func join(_ consumer: ConsumerHandle, _ names: [String]) {
        topics = names
        let left = Set(names)
        hasTopicTroubles = source.state.withLock { state in
            // Of topics that are gone nothing is heard any more.
            state.topicTroubles = state.topicTroubles.filter { $0.key.isEmpty || left.contains($0.key) }
            return !state.topicTroubles.isEmpty
        }
        do throws(KafkaFailure) {
            try consumer.subscribe(names)
            source.logger.info("subscribed", metadata: ["topics": "\(names)", "group": "\(source.settings.group)"])
        } catch {
            trouble(with: "", error)
            nextSearch = .now() + Self.searchInterval
        }
    }

    func trouble(with topic: String, _ failure: KafkaFailure) {
        // Said before it was left.
        guard topic.isEmpty || topics.contains(topic) else { return }
        if failure.isTopicMissing { missingTopics.insert(topic) }
        let subject = topic.isEmpty ? "group \(source.settings.group)" : "topic \(topic)"
        trouble(with: topic, "\(subject) at \(source.settings.bootstrapServers): \(failure)")
    }

    func trouble(with topic: String, _ text: String) {
        hasTopicTroubles = true
        source.state.withLock { $0.topicTroubles[topic] = text }
        log.warning("a topic cannot be read; it is tried again", key: topic, metadata: ["error.message": "\(text)"])
    }

    /// A fatal error, of which librdkafka's consumer has one: another member came with the same `group.instance.id`
    /// (RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID).
    func ended(by failure: KafkaFailure) {
        let text =
            "group \(source.settings.group) at \(source.settings.bootstrapServers): \(failure); nothing is read any more:"
            + " give each agent a kafka.consumer.group.instance.id of its own, and restart this one"
        source.state.withLock { $0.topicTroubles[""] = text }
        source.logger.error("\(text)")
    }

    /// The group has let this member in, and these partitions are there.
    func clearTroubles(with assigned: [TopicPartition]) {
        guard hasTopicTroubles else { return }
        for topic in missingTopics.intersection(assigned.map(\.topic)) { clearTrouble(with: topic) }
        clearTrouble(with: "")
    }

    func clearTrouble(with topic: String) {
        missingTopics.remove(topic)
        hasTopicTroubles = source.state.withLock { state in
            state.topicTroubles[topic] = nil
            return !state.topicTroubles.isEmpty
        }
    }
}
