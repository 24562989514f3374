// swift-tools-version: 6.2
import PackageDescription

// The journal with its tests, what it needs and nothing else: builds in seconds.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let package = Package(
    name: "journal",
    dependencies: [.package(url: "https://github.com/apple/swift-collections", from: "1.6.0")],
    targets: [
        .target(name: "CPlatform"),
        .target(
            name: "Journal",
            dependencies: ["CPlatform", .product(name: "DequeModule", package: "swift-collections")],
            swiftSettings: strict + [.strictMemorySafety()]
        ),
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
