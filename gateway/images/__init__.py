"""The image path: encoded bytes -> pixels -> alpha -> encoded bytes, in memory, no I/O.

header -> decode (color) -> Picture -> [the model] -> compose (matte, foreground) -> encode (png)

One RGBA buffer goes all the way: decoded into, cut out in, encoded from. Everything here is plain
blocking code for a thread pool; nothing here awaits.
"""

import cv2

# Requests run side by side in the pool: threads inside one call would only take turns with them.
cv2.setNumThreads(1)
