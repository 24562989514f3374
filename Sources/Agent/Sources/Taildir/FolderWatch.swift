internal import NIOCore
internal import NIOPosix
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#endif

/// The kernel's notice of changes in folders (inotify).
///
/// What is told is told at most every `pause`: until then the kernel folds equal events into one.
final class FolderWatch: Sendable {
    /// Bytes of one read: some thousand events. The kernel refuses a read too small for its next event.
    private static let buffer = 64 << 10

    private struct State {
        var folders: [CInt: String] = [:]
        var keys: [String: (watch: CInt, key: FileKey)] = [:]
        var isClosed = false
    }

    private let descriptor: CInt
    private let mask: UInt32
    private let state = Mutex(State())
    private let channel: Mutex<(any NIOCore.Channel)?> = Mutex(nil)

    private init(descriptor: CInt, mask: UInt32) {
        self.descriptor = descriptor
        self.mask = mask
    }

    /// Nil where the kernel has none to give.
    ///
    /// - Parameter mask: what is to be told, of `FolderEvents`.
    static func open(
        _ mask: UInt32,
        pause: TimeAmount,
        on eventLoop: any EventLoop,
        told: @escaping @Sendable ([FolderEvents.Event]) -> Void
    ) -> FolderWatch? {
        let descriptor = inotify_init1(CInt(IN_CLOEXEC) | CInt(IN_NONBLOCK))
        guard descriptor >= 0 else { return nil }
        let watch = FolderWatch(descriptor: descriptor, mask: mask)
        NIOPipeBootstrap(group: eventLoop)
            .channelOption(.autoRead, value: false)
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: buffer))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Handler(pause: pause, told: told))
                }
            }
            .takingOwnershipOfDescriptor(input: descriptor)
            .whenComplete { result in
                switch result {
                case .success(let channel): watch.opened(channel)
                case .failure: watch.failed()
                }
            }
        return watch
    }

    private func opened(_ channel: any NIOCore.Channel) {
        self.channel.withLock { $0 = channel }
        if state.withLock({ $0.isClosed }) { channel.close(promise: nil) } else { channel.read() }
    }

    private func failed() {
        if state.withLock({ state in
            defer { state.isClosed = true }
            return !state.isClosed
        }) {
            _ = Glibc.close(descriptor)
        }
    }

    /// Watches a folder, where that is not done yet. Returns false where the kernel refuses.
    func add(_ folder: String) -> Bool {
        guard let key = try? FileStatus.of(folder).key else { return false }
        return state.withLock { state in
            guard !state.isClosed else { return false }
            if let known = state.keys[folder], known.key == key { return true }
            let watch = unsafe inotify_add_watch(descriptor, folder, mask)
            guard watch >= 0 else { return false }
            state.folders[watch] = folder
            state.keys[folder] = (watch, key)
            return true
        }
    }

    /// The path of a place in a watched folder.
    func path(_ place: FolderEvents.Place) -> String? {
        state.withLock { $0.folders[place.watch] }.map { $0 == "/" ? "/\(place.name)" : "\($0)/\(place.name)" }
    }

    func close() {
        state.withLock { $0.isClosed = true }
        channel.withLock { $0 }?.close(promise: nil)
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let pause: TimeAmount
        private let told: @Sendable ([FolderEvents.Event]) -> Void

        init(pause: TimeAmount, told: @escaping @Sendable ([FolderEvents.Event]) -> Void) {
            self.pause = pause
            self.told = told
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            told(FolderEvents.read(unwrapInboundIn(data)))
        }

        func channelReadComplete(context: ChannelHandlerContext) {
            let channel = context.channel
            context.eventLoop.scheduleTask(in: pause) { channel.read() }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
    }
}
