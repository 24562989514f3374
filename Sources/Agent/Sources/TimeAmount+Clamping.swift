internal import NIOCore

extension TimeAmount {
    /// A time from a properties file; ten years stand for all that is longer, so that no sum overflows.
    init(clamping duration: Duration) {
        let longest = Duration.seconds(10 * 365 * 86_400)
        self.init(max(.zero, min(duration, longest)))
    }
}
