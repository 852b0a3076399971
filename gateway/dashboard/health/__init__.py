"""How this process and its stores do, in words for operators. Every number is somebody else's."""
