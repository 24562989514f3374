// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "client",
    platforms: [.macOS("26.0")],
    dependencies: [
        .package(name: "tributary", path: "../.."),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    ],
    targets: [
        .executableTarget(
            name: "client",
            dependencies: [
                .product(name: "AvroRPC", package: "tributary"),
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Sources/Client",
            swiftSettings: [.swiftLanguageMode(.v6)]
        )
    ]
)
