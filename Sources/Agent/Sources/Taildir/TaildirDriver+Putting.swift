internal import DequeModule
internal import Events
internal import Logging
internal import NIOCore

extension TaildirDriver {
    // MARK: - To the channels

    /// Takes over what was cut, in order.
    func enqueue(_ cuts: [LineCutter.Cut], of content: Int, for file: TailedFile) {
        for cut in cuts {
            guard let number = contents[content]?.progress.sent(cut.end) else { continue }
            if let head = contents[content]?.head, cut.end.head.count > head.count {
                contents[content]?.head = cut.end.head
            }
            contents[content]?.users += 1
            let bytes = cut.batch.bytes.readableBytes
            file.parcels.append(
                .init(batch: cut.batch, count: cut.batch.count, bytes: bytes, content: content, number: number)
            )
            file.held += 1
            file.heldBytes += bytes
            heldBytes += bytes
            counters.eventReceived.add(cut.batch.count)
            counters.appendBatchReceived.add()
        }
        offer(file)
    }

    /// Offers the file's parcels one behind the other: the next when the channels have admitted the one before, so that a
    /// full channel changes no order.
    func offer(_ file: TailedFile) {
        while file.offering == nil, let parcel = file.parcels.popFirst() { offer(parcel, of: file) }
    }

    private func offer(_ parcel: TailedFile.Parcel, of file: TailedFile) {
        let attempt = number()
        file.offering = attempt
        var parcel = parcel
        if !parcel.isIntercepted {
            parcel.batch = processor.intercept(parcel.batch)
            parcel.isIntercepted = true
        }
        let (id, offered) = (file.id, parcel)
        let passage = processor.process(parcel.batch, isIntercepted: true, on: eventLoop) {
            self.onLoop { $0.admitted(id, attempt) }
        } acknowledged: { answer in
            self.onLoop { driver in
                if answer == .acknowledged {
                    driver.acknowledged(id, offered, attempt)
                } else {
                    driver.refused(id, offered, attempt)
                }
            }
        }
        if file.offering == attempt { file.passage = passage }
    }

    private func admitted(_ id: Int, _ attempt: Int) {
        guard let file = files[id], file.offering == attempt else { return }
        file.offering = nil
        file.passage = nil
        offer(file)
    }

    private func acknowledged(_ id: Int, _ parcel: TailedFile.Parcel, _ attempt: Int) {
        counters.eventAccepted.add(parcel.count)
        counters.appendBatchAccepted.add()
        contents[parcel.content]?.progress.acknowledged(parcel.number)
        release(parcel.content)
        heldBytes -= parcel.bytes
        guard let file = files[id] else { return }
        file.held -= 1
        file.heldBytes -= parcel.bytes
        admitted(id, attempt)
        read(file)
        noteQuiet()
    }

    /// Offered again after a pause; while stopping only what nobody can read again. Where it was not even admitted, what is
    /// behind it waits with it.
    private func refused(_ id: Int, _ parcel: TailedFile.Parcel, _ attempt: Int) {
        guard let file = files[id], !isStopping || mustFinish(file) else { return }
        counters.channelWriteFail.add()
        file.passage = nil
        var parcel = parcel
        let pause = parcel.pause
        parcel.pause = min(pause + pause, Self.longestRefusalPause)
        let (again, isAhead) = (parcel, file.offering == attempt)
        eventLoop.scheduleTask(in: pause) {
            self.assumeIsolated { driver in
                guard let file = driver.files[id], !driver.isStopping || driver.mustFinish(file) else { return }
                file.parcels.prepend(again)
                if isAhead { file.offering = nil }
                driver.offer(file)
            }
        }
    }
}
