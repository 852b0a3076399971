"""The image path: encoded bytes -> pixels -> alpha -> encoded bytes, in memory, no I/O.

    decode: bytes -> Picture -> model input        compose: mask -> alpha, colours, background
    encode: pixels -> bytes (png.py: the PNG itself)

Everything here is plain blocking code for a thread pool; nothing here awaits.
"""

import cv2

# Requests run side by side in the pool: threads inside one call would only take turns with them.
cv2.setNumThreads(1)
