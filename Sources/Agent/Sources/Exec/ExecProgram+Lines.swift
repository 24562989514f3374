internal import Events
internal import Logging
internal import NIOCore

extension ExecProgram {
    /// Does all that can be done now: gathers lines, puts a batch that is due, asks for more to read.
    func pump() {
        guard !isPumping, !isAbandoned else { return }
        isPumping = true
        defer { isPumping = false }
        repeat {
            let cuts = batcher.cuts
            batcher.gather()
            if batcher.cuts > cuts { reportCuts(batcher.cuts - cuts) }
        } while offer()
        if batcher.wantsBytes, !batcher.isEnded { read() }
        keepTime()
        finishLife()
    }

    /// Puts the gathered lines where they are due and nothing else is out. Returns whether the channels have taken them
    /// already.
    private func offer() -> Bool {
        guard !isPutting, batcher.gathered > 0 else { return false }
        let isDue = flushAt.map { $0 <= eventLoop.now } ?? false
        guard batcher.isFull || isLast || isDue else { return false }
        flushAt = nil
        let batch = batcher.take()
        let count = batch.count
        counters.eventReceived.add(count)
        isPutting = true
        put.put(batch, on: eventLoop) { taken in
            self.onLoop { $0.settled(count, taken) }
        }
        return !isPutting
    }

    private func settled(_ count: Int, _ taken: Bool) {
        isPutting = false
        if taken { counters.eventAccepted.add(count) }
        pump()
    }

    /// Starts the clock of a partial batch with its first line.
    private func keepTime() {
        guard batcher.gathered > 0 else { return }
        let due = flushAt ?? eventLoop.now + settings.batchTimeout
        flushAt = due
        guard timer == nil, !isPutting else { return }
        timer = eventLoop.scheduleTask(deadline: due) {
            self.assumeIsolated { program in
                program.timer = nil
                program.pump()
            }
        }
    }

    private func reportCuts(_ count: Int) {
        cutLines.add(count)
        logger.warning(
            "a line of more than 16 MiB was cut; the rest is an event of its own",
            metadata: ["command": "\(settings.command)"]
        )
    }
}
