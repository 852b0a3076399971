"""Benchmarks and load tests of the service."""
