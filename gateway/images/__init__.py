"""The image path: encoded bytes -> pixels -> alpha -> encoded bytes, in memory, no I/O.

header -> decode (color) -> Picture -> [the model] -> compose (masking, matte) -> encode (png)

One RGBA buffer is used from decoding through composing to encoding. All of this is blocking code
for a thread pool.
"""

import cv2

# Requests already run in parallel in the pool: OpenCV's own threads would only compete with them.
cv2.setNumThreads(1)
