"""Measures the service: benchmarks and load tests."""
