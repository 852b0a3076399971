"""Masks that are kept for a while, so that no image is segmented twice."""
