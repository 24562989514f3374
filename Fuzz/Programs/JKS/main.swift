import Glibc
import Loop
import Subjects

exit(FuzzLoop.run(.jks))
