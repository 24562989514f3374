internal import Agent
internal import Logging
internal import NIOCore

// Records become events of the open batch, which is put when it is full or old enough.
extension SourceReader {
    /// Takes records until the batch is full or no more are there, the first after a wait.
    func read(_ consumer: ConsumerHandle, _ wait: TimeAmount) {
        var timeout = wait.pollMilliseconds
        let settings = source.settings
        var isEmpty = true
        while open.count < settings.batchSize, open.byteCount < KafkaSource.maxBatchBytes,
            let record = consumer.poll(milliseconds: timeout)
        {
            timeout = 0
            isEmpty = false
            take(record)
        }
        guard !open.isEmpty else {
            if isEmpty { source.counters.empty.add() }
            return
        }
        let age = NIODeadline.now() - open.start
        guard
            open.count >= settings.batchSize || open.byteCount >= KafkaSource.maxBatchBytes
                || age >= .milliseconds(settings.batchMilliseconds)
        else { return }
        source.counters.getTimer.add(Int(age.nanoseconds / 1_000_000))
        putOpen()
    }

    func putOpen() {
        guard !open.isEmpty else { return }
        let (batch, runs, ends) = open.finish()
        source.put(batch, runs, ends)
    }

    @inline(__always)
    func take(_ record: borrowing ConsumedRecord) {
        if let failure = record.failure {
            if failure.code == KafkaFailure.fatal { ended(by: failure) } else { trouble(with: record.topic, failure) }
            return
        }
        do throws(RecordEvents.Refusal) {
            try open.add(record, now: .now())
        } catch {
            passOver(record, error)
        }
        if hasTopicTroubles { clearTrouble(with: record.topic) }
    }

    /// As in Flume, a record that is no event is left out for good.
    private func passOver(_ record: borrowing ConsumedRecord, _ refusal: RecordEvents.Refusal) {
        source.counters.common.eventReadFail.add()
        let place = "\(record.topic)[\(record.partition)]@\(record.offset)"
        log.warning(
            "a record is no Avro event (useFlumeEventFormat) and is left out",
            metadata: ["record": "\(place)", "error.message": "\(refusal)"]
        )
    }
}
