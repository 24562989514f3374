// swift-tools-version: 6.2
import Foundation
import PackageDescription

// The build's one settings array. Warnings become errors only where TRIBUTARY_WERROR is set (lint, tests, CI), so
// that a newer compiler's warning never breaks a user's build.
let environment = ProcessInfo.processInfo.environment
let strict: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    ] + (environment["TRIBUTARY_WERROR"] == nil ? [] : [.treatAllWarnings(as: .error)])
let sources = strict + [.strictMemorySafety()]

let nio: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let posix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let embedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let concurrency: Target.Dependency = .product(name: "NIOConcurrencyHelpers", package: "swift-nio")
let http: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let log: Target.Dependency = .product(name: "Logging", package: "swift-log")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let deque: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

let subjectsNeed: [Target.Dependency] = [
    "Agent", "AvroRPC", "Collector", "CZlib", "Events", "Kafka", "Secure", "TestSupport", nio, embedded,
]

var targets: [Target] = [
    .systemLibrary(name: "CAvro", pkgConfig: "avro-c", providers: [.apt(["libavro-dev"])]),
    .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CPCRE2", pkgConfig: "libpcre2-8", providers: [.apt(["libpcre2-dev"])]),
    .systemLibrary(name: "CRdKafka", pkgConfig: "rdkafka", providers: [.apt(["librdkafka-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .target(name: "CPlatform"),

    .target(name: "Events", dependencies: [nio], swiftSettings: sources),
    .target(name: "Journal", dependencies: ["CPlatform", deque], swiftSettings: sources),
    .target(name: "Secure", dependencies: ["COpenSSL", nio, posix], swiftSettings: sources),
    .target(
        name: "AvroRPC",
        dependencies: ["Events", "Secure", "CPlatform", "CZlib", nio, posix, log, deque],
        swiftSettings: sources
    ),
    .target(
        name: "Agent",
        dependencies: [
            "AvroRPC", "CPCRE2", "CPlatform", "Events", "Journal", "Secure", nio, posix, http, log, deque, lifecycle,
            signals,
        ],
        swiftSettings: sources
    ),
    .target(name: "Collector", dependencies: ["Agent", "AvroRPC", "Events", nio, log], swiftSettings: sources),
    .target(
        name: "Kafka",
        dependencies: ["Agent", "Events", "Journal", "Secure", "CRdKafka", nio, log, deque],
        swiftSettings: sources
    ),
    .executableTarget(
        name: "tributary",
        dependencies: [
            "Agent", "AvroRPC", "Collector", "Kafka", "Events", "Journal", "Secure", "CAvro", nio, posix, log,
            lifecycle,
            signals, arguments,
        ],
        swiftSettings: sources
    ),

    .target(name: "CTestSupport", path: "Tests/CTestSupport"),
    .target(
        name: "TestSupport",
        dependencies: ["CTestSupport", "CAvro", "CZlib", "Events", nio, posix],
        path: "Tests/TestSupport",
        swiftSettings: strict
    ),
    .testTarget(
        name: "EventsTests",
        dependencies: ["Events", "TestSupport", "CAvro", nio],
        swiftSettings: strict
    ),
    // What JournalTests kill; CTestSupport tells the thread sanitizer of its locks.
    .executableTarget(
        name: "JournalProcess",
        dependencies: ["Journal", "CTestSupport"],
        path: "Tests/JournalProcess",
        swiftSettings: strict
    ),
    .testTarget(
        name: "JournalTests",
        dependencies: ["Journal", "JournalProcess", "TestSupport"],
        swiftSettings: strict
    ),
    .testTarget(
        name: "SecureTests",
        dependencies: ["Secure", "TestSupport", nio, posix, embedded],
        resources: [.copy("Stores")],
        swiftSettings: strict
    ),
    .testTarget(
        name: "AvroRPCTests",
        dependencies: ["AvroRPC", "Events", "Secure", "TestSupport", "CZlib", nio, posix, embedded, log],
        resources: [.copy("Captures")],
        swiftSettings: strict
    ),
    .testTarget(
        name: "AgentTests",
        dependencies: [
            "Agent", "AvroRPC", "Events", "Journal", "Secure", "TestSupport", nio, posix, embedded, log, deque,
            lifecycle,
        ],
        resources: [.copy("Samples")],
        swiftSettings: strict
    ),
    .testTarget(
        name: "CollectorTests",
        dependencies: ["Collector", "Agent", "AvroRPC", "Events", "TestSupport", nio, posix, embedded, log],
        swiftSettings: strict
    ),
    .testTarget(
        name: "KafkaTests",
        dependencies: ["Kafka", "Agent", "Events", "TestSupport", "CRdKafka", nio, posix, log],
        swiftSettings: strict
    ),
    // The fuzzers' subjects and the tests that replay what fuzzers found; with TRIBUTARY_TOOLS the subjects are a module.
    .testTarget(
        name: "FuzzTests",
        dependencies: subjectsNeed + (environment["TRIBUTARY_TOOLS"] == nil ? [] : ["Subjects"]),
        path: "Fuzz",
        exclude: ["Dictionaries", "Programs"],
        sources: environment["TRIBUTARY_TOOLS"] == nil ? ["Subjects", "Replay"] : ["Replay"],
        resources: [.copy("Corpora")],
        swiftSettings: strict
    ),
    .testTarget(
        name: "Tiers",
        dependencies: ["TestSupport", "AvroRPC", "Events", "Secure", "CAvro", nio, posix, concurrency],
        resources: [.copy("Hostile/Inputs")],
        swiftSettings: strict
    ),
]

// Fuzzers: built by scripts/fuzz, whose flags give them libFuzzer's loop as their main program.
if environment["TRIBUTARY_TOOLS"] != nil {
    targets += [
        .target(name: "Subjects", dependencies: subjectsNeed, path: "Fuzz/Subjects", swiftSettings: strict),
        .target(name: "Input", dependencies: ["Subjects"], path: "Fuzz/Programs/Input", swiftSettings: strict),
    ]
    for name in ["Frame", "Handshake", "Datum", "Deflate", "JKS", "Properties"] {
        targets.append(
            .executableTarget(
                name: "fuzz-\(name.lowercased())",
                dependencies: ["Input", "Subjects"],
                path: "Fuzz/Programs/\(name)",
                swiftSettings: strict
            )
        )
    }
    targets.append(
        .executableTarget(
            name: "journal-bench",
            dependencies: ["Agent", "AvroRPC", "Journal", nio, posix],
            path: "Benchmarks/journal",
            exclude: ["README.md"],
            swiftSettings: strict
        )
    )
}

let package = Package(
    name: "tributary",
    platforms: [.macOS("26.0")],
    products: [
        .executable(name: "tributary", targets: ["tributary"]),
        .library(name: "AvroRPC", targets: ["AvroRPC", "Events"]),
        .library(name: "Agent", targets: ["Agent", "Events"]),
        .library(name: "Collector", targets: ["Collector"]),
        .library(name: "Kafka", targets: ["Kafka"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: targets
)
