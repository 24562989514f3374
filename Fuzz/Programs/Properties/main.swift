import Glibc
import Loop

exit(FuzzLoop.run(.properties))
