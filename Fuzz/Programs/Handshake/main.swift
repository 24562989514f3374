import Glibc
import Loop

exit(FuzzLoop.run(.handshake))
