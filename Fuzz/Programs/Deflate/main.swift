import Glibc
import Loop

exit(FuzzLoop.run(.deflate))
