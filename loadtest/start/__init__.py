"""`make bench-start`: the first start in a fresh clone, callers right after a start, and memory."""
