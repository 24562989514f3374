import AvroRPC
import Events
import Logging

// Two collectors: the second takes over when the first fails.
let client = try RPCClient(properties: [
    "client.type": "default_failover", "hosts": "h1 h2",
    "hosts.h1": "localhost:4141", "hosts.h2": "localhost:4142",
])
do {
    try await client.append(Event(headers: ["host": "web1"], body: "hello"))
    try await client.appendBatch((1...1000).map { Event(body: "line \($0)") })
} catch {
    print("not delivered: \(error)")
}

// The program's own log, over the same client. `isUnsafe` drops what no source takes; without it, it is kept.
var settings = LogShipper.Settings()
settings.isUnsafe = true
let shipper = LogShipper(client: client, settings: settings)
LoggingSystem.bootstrap { shipper.handler(label: $0) }
let shipping = Task { await shipper.run() }
Logger(label: "orders").info("started", metadata: ["version": "1"])
shipper.close()
await shipping.value
print("\(shipper.shippedCount) records shipped, \(shipper.droppedCount) dropped")
await client.close()
