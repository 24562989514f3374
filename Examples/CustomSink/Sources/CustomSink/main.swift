import Agent
import Foundation

var registry = ComponentRegistry.core
registry.register(sink: LineSink.type) { context throws(ConfigurationFault) in try LineSink(context) }

exit(await AgentProgram.run(arguments: Array(CommandLine.arguments.dropFirst()), registry: registry))
