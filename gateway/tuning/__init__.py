"""`clearbg tune`: measures settings on a machine, and recommends those that repeats confirm."""
