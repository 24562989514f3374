import Glibc
import Loop

exit(FuzzLoop.run(.frame))
