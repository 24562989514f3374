// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "custom-sink",
    platforms: [.macOS("26.0")],
    dependencies: [
        .package(name: "tributary", path: "../.."),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    ],
    targets: [
        .executableTarget(
            name: "custom-sink",
            dependencies: [
                .product(name: "Agent", package: "tributary"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            path: "Sources/CustomSink",
            swiftSettings: [.swiftLanguageMode(.v6)]
        )
    ]
)
