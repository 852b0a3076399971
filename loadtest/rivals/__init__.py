"""`make bench-rivals`: ClearBG and rembg's server with the same weights."""
