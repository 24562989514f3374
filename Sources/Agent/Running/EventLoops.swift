/// How many event loops an agent runs when nobody says (`-Dtributary.event-loops=N`).
package enum EventLoops {
    /// Half of the cores, one to four. One loop relays millions of events a second, and a batch that stays on its loop
    /// costs no wake-up of another thread; what is left of the machine is for librdkafka and for others.
    package static func count(cores: Int) -> Int {
        min(4, max(1, cores / 2))
    }
}
