// swift-tools-version: 6.2
import PackageDescription

// The journal with its tests and nothing else: builds in seconds.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let package = Package(
    name: "journal",
    targets: [
        .target(name: "CPlatform"),
        .target(name: "Journal", dependencies: ["CPlatform"], swiftSettings: strict + [.strictMemorySafety()]),
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: strict),
        .executableTarget(
            name: "JournalProcess",
            dependencies: ["Journal"],
            path: "Tests/JournalProcess",
            swiftSettings: strict
        ),
        .testTarget(
            name: "JournalTests",
            dependencies: ["Journal", "JournalProcess", "TestSupport"],
            swiftSettings: strict
        ),
    ]
)
