"""Limits on concurrent requests: memory in flight, and receive slots."""
