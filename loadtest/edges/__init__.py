"""Measures edges: pictures whose truth is known, metrics of alpha, and the methods compared."""
